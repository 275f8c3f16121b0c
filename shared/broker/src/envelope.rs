//! What a message says: which event of which tenant, never its payload. The consumer reads the
//! payload from the tenant's own outbox, so that the broker holds no customer's data.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use kernel::{EventId, Generation, TenantContext, TenantId};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// The body of every message, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The event; the same however often it is delivered.
    pub id: EventId,
    /// The event's number in its tenant; 0 for a job that comes from no event.
    pub number: u64,
    /// The tenant.
    pub tenant: TenantId,
    /// The generation of the tenant's placement that the event was written under.
    pub generation: Generation,
    /// What happened, or what is to be done: `work_item.created`.
    pub kind: String,
    /// The version of that kind's payload. A consumer refuses versions that it does not know.
    pub version: u16,
    /// When it happened; a time that a database can keep.
    #[serde(deserialize_with = "keepable")]
    pub occurred_at: DateTime<Utc>,
    /// W3C trace context of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Envelope {
    /// The largest body that a consumer reads. Ours are a tenth of it.
    pub const MAX_BYTES: usize = 4096;

    /// The tenant that the message is for.
    #[must_use]
    pub const fn context(&self) -> TenantContext {
        TenantContext {
            tenant: self.tenant,
            generation: self.generation,
        }
    }
}

/// Whether a database can keep a time. Others can be written down, too: years of five digits or
/// below zero, and leap seconds.
pub(crate) fn can_be_kept(at: &DateTime<Utc>) -> bool {
    (1000..=9999).contains(&at.year()) && at.nanosecond() < 1_000_000_000
}

fn keepable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let at = DateTime::deserialize(deserializer)?;
    let refused = || D::Error::custom(format!("{at} is a time that no database keeps"));
    can_be_kept(&at).then_some(at).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"id":"0192f0c1-2345-7abc-8def-0123456789ab","number":7,"tenant":"0192f0c1-2345-7abc-8def-0123456789ac","generation":1,"kind":"work_item.created","version":1,"occurred_at":"2026-11-23T10:00:00.123456Z"}"#;

    #[test]
    fn an_envelope_survives_the_journey() {
        let envelope: Envelope = serde_json::from_str(BODY).unwrap();
        assert_eq!(envelope.number, 7);
        assert_eq!(serde_json::to_string(&envelope).unwrap(), BODY);
    }

    #[test]
    fn what_is_unknown_or_cut_off_is_refused() {
        let stranger = BODY.replacen('{', r#"{"colour":"red","#, 1);
        assert!(serde_json::from_str::<Envelope>(&stranger).is_err());
        assert!(serde_json::from_str::<Envelope>(&BODY[..BODY.len() / 2]).is_err());
        assert!(
            serde_json::from_str::<Envelope>(&BODY.replace("\"version\":1", "\"version\":-1"))
                .is_err()
        );
    }

    #[test]
    fn a_time_that_no_database_keeps_is_refused() {
        let at = |time: &str| BODY.replace("2026-11-23T10:00:00.123456Z", time);
        for good in ["1000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
            assert!(
                serde_json::from_str::<Envelope>(&at(good)).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "+70000-01-01T00:00:00Z",
            "-0044-03-15T12:00:00Z",
            "0999-12-31T23:59:59Z",
            "2016-12-31T23:59:60Z",
        ] {
            let refused = serde_json::from_str::<Envelope>(&at(bad)).unwrap_err();
            assert!(
                refused.to_string().contains("no database"),
                "{bad}: {refused}"
            );
        }
    }
}
