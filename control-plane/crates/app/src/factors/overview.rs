//! What a person has to sign in with, for their own eyes.

use chrono::{DateTime, Utc};
use cp_domain::{Factors, TOTP_HARD_STOP};
use cp_store::{FactorStore, StoreError};
use kernel::PersonId;

use crate::Auth;

/// The second factors of a person.
#[derive(Debug, Clone, Copy)]
pub struct FactorOverview {
    /// What there is.
    pub factors: Factors,
    /// Since when there is an authenticator.
    pub totp_since: Option<DateTime<Utc>>,
    /// After too many wrong codes the authenticator is not accepted any more.
    pub totp_closed: bool,
}

/// Looks at a person's second factors.
///
/// # Errors
/// When there is no such person or the database fails.
pub async fn overview(auth: &Auth, person: PersonId) -> Result<FactorOverview, StoreError> {
    let record = FactorStore::get(auth.central.conn(), person).await?;
    Ok(FactorOverview {
        factors: record.factors,
        totp_since: record.totp_confirmed_at.filter(|_| record.factors.totp),
        totp_closed: record.factors.totp && record.totp_failures >= TOTP_HARD_STOP,
    })
}
