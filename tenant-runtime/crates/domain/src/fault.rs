//! What is wrong with a value that someone gave, field by field.

use std::{error, fmt};

/// One fault of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer of the field in the body.
    pub pointer: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

/// All faults of a command, reported at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// No fault so far.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// A single fault.
    #[must_use]
    pub fn one(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        let mut faults = Self::none();
        faults.add(field, code, detail);
        faults
    }

    /// Notes a fault of a field, by its name or by a path such as `labels/0/id`.
    pub fn add(&mut self, field: &str, code: &'static str, detail: impl Into<String>) {
        self.0.push(Fault {
            pointer: format!("/{field}"),
            code,
            detail: detail.into(),
        });
    }

    /// Notes the fault of a failed check, and gives the value of one that holds.
    pub fn check<T>(
        &mut self,
        field: &str,
        result: Result<T, (&'static str, String)>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err((code, detail)) => {
                self.add(field, code, detail);
                None
            }
        }
    }

    /// Adds the faults of another check.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds the faults of a failed check, and gives the value of one that holds.
    pub fn absorb<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|faults| self.merge(faults)).ok()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// `Ok` when nothing is wrong.
    ///
    /// # Errors
    /// The faults, when there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", fault.pointer, fault.detail)?;
        }
        Ok(())
    }
}

impl error::Error for Faults {}
