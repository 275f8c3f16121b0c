//! Settings of the platform's own staff.

use serde::Deserialize;

/// `[staff]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaffSettings {
    /// Where the back office is: links to staff lead there.
    pub backoffice_url: String,
    /// Minutes after which a session of staff that is not used ends.
    pub idle_minutes: u32,
    /// People of a tenant from whom on another member of staff has to agree before it is taken
    /// out of service.
    pub second_person_from: u32,
}

impl Default for StaffSettings {
    fn default() -> Self {
        Self {
            backoffice_url: "http://backoffice.localhost:8082".to_owned(),
            idle_minutes: 30,
            second_person_from: 50,
        }
    }
}

impl StaffSettings {
    /// The page of a link for staff.
    #[must_use]
    pub fn link(&self, token: &str) -> String {
        format!("{}/link/{token}", self.backoffice_url.trim_end_matches('/'))
    }

    /// How long a session may stay unused.
    #[must_use]
    pub fn idle(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::minutes(i64::from(self.idle_minutes.max(1)))
    }
}
