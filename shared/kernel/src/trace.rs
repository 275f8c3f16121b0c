//! The trace that work is part of (W3C Trace Context, <https://www.w3.org/TR/trace-context/>).

use std::fmt;

use uuid::Uuid;

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// A `traceparent` of version 00: `00-{32 hex}-{16 hex}-{2 hex}`, in lower case, with ids that are
/// not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traceparent(Box<str>);

impl Traceparent {
    /// The header's value, when well-formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut hex = |length: usize| {
            let part = parts.next().unwrap_or_default();
            let digits = part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            (part.len() == length && digits).then_some(part)
        };
        let version = hex(2) == Some("00");
        let ids = [hex(32), hex(16)]
            .into_iter()
            .all(|id| id.is_some_and(|id| id.bytes().any(|b| b != b'0')));
        let good = text.len() == LENGTH && version && ids && hex(2).is_some();
        good.then(|| Self(text.into()))
    }

    /// The start of a trace that nobody records: its id, and the latter half of another for the
    /// span that starts it.
    #[must_use]
    pub fn start(trace: Uuid, span: Uuid) -> Self {
        let (_, span) = span.as_u64_pair();
        Self(format!("00-{}-{span:016x}-00", trace.simple()).into())
    }

    /// The whole value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace's id: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.0.get(3..35).unwrap_or_default()
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_well_formed_is_kept_as_it_is() {
        let given = Traceparent::parse(GOOD).unwrap();
        assert_eq!(given.as_str(), GOOD);
        assert_eq!(given.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let zero = "0".repeat(32);
        for bad in [
            "",
            "laundry",
            &GOOD.to_uppercase(),
            &GOOD.replacen("00-", "01-", 1),
            &GOOD.replacen("0af7651916cd43dd8448eb211c80319c", &zero, 1),
            &GOOD.replacen("b7ad6b7169203331", "0000000000000000", 1),
            &format!("{GOOD}-more"),
            &GOOD[..54],
            &GOOD.replace('b', "g"),
        ] {
            assert_eq!(Traceparent::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_trace_that_starts_here_is_well_formed_and_its_own() {
        let trace = Uuid::from_u128(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        let span = Uuid::from_u128(0xffff_ffff_ffff_ffff_0000_0000_0000_0001);
        let started = Traceparent::start(trace, span);
        let expected = "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-00";
        assert_eq!(started.as_str(), expected);
        assert_eq!(Traceparent::parse(expected), Some(started));
    }
}
