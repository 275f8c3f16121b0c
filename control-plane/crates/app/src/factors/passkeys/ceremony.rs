//! A ceremony has two halves. What it is about stays here in between; the browser gets a challenge
//! and is known again by a cookie.

use chrono::TimeDelta;
use cp_domain::TokenHash;
use cp_store::{Ceremony, CeremonyPurpose, CeremonyStore};
use kernel::PersonId;
use uuid::Uuid;
use webauthn_rs::prelude::{Webauthn, WebauthnBuilder};

use super::{PasskeyError, unusable};
use crate::Auth;

/// How long a ceremony may take.
const CEREMONY_LIFE: TimeDelta = TimeDelta::minutes(5);

/// The first half of a ceremony.
#[derive(Debug)]
pub struct BegunCeremony {
    /// To be given with the second half.
    pub ceremony: Uuid,
    /// What the browser's `navigator.credentials` takes.
    pub options: serde_json::Value,
}

/// The second half of a ceremony.
#[derive(Debug, Clone)]
pub struct PasskeyAnswer {
    /// Which ceremony.
    pub ceremony: Uuid,
    /// The hash of the browser's cookie.
    pub browser: TokenHash,
    /// What the browser's `navigator.credentials` gave, as JSON.
    pub credential: serde_json::Value,
}

/// The relying party: the base domain, and every host below it over the public scheme and port.
pub(super) fn relying_party(auth: &Auth) -> Result<Webauthn, PasskeyError> {
    WebauthnBuilder::new(auth.links.base_domain(), auth.links.public())
        .and_then(|builder| builder.rp_name("Trellis").allow_subdomains(true).build())
        .map_err(unusable)
}

/// Keeps the first half.
pub(super) async fn begin(
    auth: &Auth,
    purpose: CeremonyPurpose,
    person: Option<PersonId>,
    browser: &TokenHash,
    state: String,
    options: serde_json::Value,
) -> Result<BegunCeremony, PasskeyError> {
    let now = auth.clock.now();
    let ceremony = Ceremony {
        id: auth.clock.new_uuid(),
        browser: *browser,
        purpose,
        person,
        state,
        created_at: now,
        expires_at: now + CEREMONY_LIFE,
    };
    CeremonyStore::insert(auth.central.conn(), &ceremony).await?;
    Ok(BegunCeremony {
        ceremony: ceremony.id,
        options,
    })
}

/// What was kept of the first half.
pub(super) async fn state_of(
    auth: &Auth,
    answer: &PasskeyAnswer,
    purpose: CeremonyPurpose,
    person: Option<PersonId>,
) -> Result<String, PasskeyError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let PasskeyAnswer {
        ceremony, browser, ..
    } = answer;
    CeremonyStore::find_state(conn, *ceremony, browser, purpose, person, now)
        .await?
        .ok_or(PasskeyError::NoCeremony)
}
