//! Up to where somebody has heard: a number says nothing without the generation that gave it, since
//! a restored database gives its numbers again.

use std::{fmt, str::FromStr};

use kernel::Generation;

/// The last event that somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The tenant's generation.
    pub generation: Generation,
    /// The event's number.
    pub number: u64,
}

/// It is not `GENERATION-NUMBER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mark is GENERATION-NUMBER")]
pub struct InvalidMark;

impl FromStr for Mark {
    type Err = InvalidMark;

    fn from_str(text: &str) -> Result<Self, InvalidMark> {
        let (generation, number) = text.split_once('-').ok_or(InvalidMark)?;
        Ok(Self {
            generation: Generation(generation.parse().map_err(|_| InvalidMark)?),
            number: number.parse().map_err(|_| InvalidMark)?,
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.generation, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        let mark: Mark = "3-120".parse().unwrap();
        assert_eq!((mark.generation, mark.number), (Generation(3), 120));
        assert_eq!(mark.to_string(), "3-120");
        for text in ["", "120", "-120", "3-", "3-x", "3-1-2"] {
            assert_eq!(text.parse::<Mark>(), Err(InvalidMark), "{text}");
        }
    }
}
