//! Heads of the chain, written down outside the database.

use std::{
    fmt,
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use chrono::{DateTime, SecondsFormat, Utc};
use cp_store::AuditLink;

/// What the chain's link at a position was at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The position.
    pub position: u64,
    /// The hash.
    pub hash: [u8; 32],
    /// When it was written down.
    pub at: DateTime<Utc>,
}

impl Anchor {
    /// The anchor of a link.
    #[must_use]
    pub const fn of(link: &AuditLink) -> Self {
        Self {
            position: link.position,
            hash: link.hash,
            at: link.chained_at,
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "{} {} {at}", self.position, hex::encode(self.hash))
    }
}

/// A line is no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is a position, a hash of 64 hexadecimal digits and a time")]
pub struct InvalidAnchor;

impl FromStr for Anchor {
    type Err = InvalidAnchor;

    fn from_str(line: &str) -> Result<Self, InvalidAnchor> {
        let mut words = line.split_whitespace();
        let mut word = || words.next().ok_or(InvalidAnchor);
        let position = word()?.parse().map_err(|_| InvalidAnchor)?;
        let hash = hex::decode(word()?).map_err(|_| InvalidAnchor)?;
        let at = DateTime::parse_from_rfc3339(word()?).map_err(|_| InvalidAnchor)?;
        Ok(Self {
            position,
            hash: hash.try_into().map_err(|_| InvalidAnchor)?,
            at: at.to_utc(),
        })
    }
}

/// The anchors cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableAnchors {
    /// The file cannot be read.
    #[error("the file of anchors cannot be read")]
    Io(#[from] io::Error),
    /// A line of it is no anchor.
    #[error("line {0} of the file of anchors is not one")]
    Line(usize),
}

/// A file that anchors are added to. Keep it where who can change the database cannot.
#[derive(Debug, Clone)]
pub struct AnchorFile(PathBuf);

impl AnchorFile {
    /// The file at this path, which is made when it is first written to.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Adds an anchor and waits until the disk has it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, anchor: &Anchor) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
        // In one write: lines of two workers do not mix.
        file.write_all(format!("{anchor}\n").as_bytes())?;
        file.sync_data()
    }

    /// Every anchor, in the order in which they were written.
    ///
    /// # Errors
    /// When the file cannot be read or has a line that is no anchor.
    pub fn read(&self) -> Result<Vec<Anchor>, UnreadableAnchors> {
        let text = std::fs::read_to_string(&self.0)?;
        let lines = text.lines().enumerate();
        let read = lines.filter(|(_, line)| !line.trim().is_empty());
        read.map(|(number, line)| {
            line.parse()
                .map_err(|_| UnreadableAnchors::Line(number + 1))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_a_line() {
        let anchor = Anchor {
            position: 7,
            hash: [0xab; 32],
            at: DateTime::from_timestamp_micros(1_800_000_000_000_001).unwrap(),
        };
        let line = anchor.to_string();
        assert_eq!(line.parse(), Ok(anchor));
        for wrong in ["", "7", "7 ab 2027-01-15T08:00:00Z", "x ab y"] {
            assert_eq!(wrong.parse::<Anchor>(), Err(InvalidAnchor), "{wrong}");
        }
    }
}
