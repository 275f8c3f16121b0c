//! Trying a connection: what the provider says, and what a sign-in with it would come to. Nobody
//! is signed in, linked or changed.

use chrono::{DateTime, Utc};
use cp_oidc::Claims;
use cp_store::{
    Connection, ConnectionStore, Flow, FlowStore, MembershipStore, StoreError, seal::Purpose,
};
use kernel::{ConnectionId, PersonId, Role};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Outcome, SsoAdminError, SsoError,
    flows::{Returned, prove, same_session},
    identify::{Known, identify},
    standing::wanted,
};
use crate::{Auth, members::Administrator, sessions::CachedSession};

/// The largest result that is kept whole.
const MAX_RESULT: usize = 16 * 1024;

/// What a test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// When.
    pub at: DateTime<Utc>,
    /// The request, by which the log knows it.
    pub request_id: String,
    /// Why somebody like this would not come in; none when they would.
    pub problem: Option<String>,
    /// The claims that were received.
    pub claims: Map<String, Value>,
    /// Whether it is who made the test.
    pub is_you: bool,
    /// The e-mail that counts.
    pub email: Option<String>,
    /// The role that they would have.
    pub role: Option<Role>,
    /// Whether they would be external.
    pub external: Option<bool>,
}

/// The latest result of a test that was made in the caller's session.
///
/// # Errors
/// When the caller is no architect, there is none, or the database fails.
pub async fn find_test(
    auth: &Auth,
    by: &Administrator<'_>,
    connection: ConnectionId,
) -> Result<Option<TestResult>, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let found = ConnectionStore::find(&tx, by.tenant.tenant_id, connection).await?;
    let connection = found.ok_or(SsoAdminError::NotFound)?;
    let session = by.session.session_id().ok_or(SsoAdminError::Forbidden)?;
    let Some(sealed) = FlowStore::find_result(&tx, connection.id, session).await? else {
        return Ok(None);
    };
    let result = auth.sealer.open(Purpose::SsoFlow, connection.id, &sealed)?;
    Ok(serde_json::from_slice(result.expose_secret()).ok())
}

/// Ends a test: whatever came of it is kept.
pub(super) async fn finish(
    auth: &Auth,
    connection: &Connection,
    flow: &Flow,
    returned: &Returned<'_>,
) -> Result<Outcome, SsoError> {
    let visitor = same_session(flow, returned)?;
    let mut result = TestResult {
        at: auth.clock.now(),
        request_id: returned.request_id.to_string(),
        problem: None,
        claims: Map::new(),
        is_you: false,
        email: None,
        role: None,
        external: None,
    };
    match prove(auth, connection, flow, returned).await {
        Ok(proven) => {
            result.claims = proven.claims.all().clone();
            result.email = proven.claims.email().map(str::to_owned);
            foresee(auth, connection, &proven.claims, visitor, &mut result).await?;
        }
        Err(error @ (SsoError::Provider(_) | SsoError::Seal(_))) => {
            result.problem = Some(error.to_string());
        }
        Err(error) => return Err(error),
    }
    keep(auth, connection, flow, &result).await?;
    if result.problem.is_none() && result.is_you {
        let (conn, now) = (auth.central.conn(), auth.clock.now());
        ConnectionStore::note_test(conn, connection, visitor.member_id, now).await?;
    }
    Ok(Outcome::Tested(connection.id))
}

/// What a sign-in would come to.
async fn foresee(
    auth: &Auth,
    connection: &Connection,
    claims: &Claims,
    visitor: &CachedSession,
    result: &mut TestResult,
) -> Result<(), SsoError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person: Option<PersonId> = match identify(&tx, connection, claims).await {
        Ok(Known::Subject(person)) => Some(person),
        Ok(Known::Email(person)) => Some(person.id),
        Ok(Known::Nobody(_)) => None,
        Err(SsoError::Store(error)) => return Err(error.into()),
        Err(error) => {
            result.problem = Some(error.to_string());
            return Ok(());
        }
    };
    result.is_you = person == Some(visitor.person_id);
    let member = match person {
        Some(person) => MembershipStore::find_by_person(&tx, connection.tenant, person).await?,
        None => None,
    };
    let present = member.map(|member| member.membership.standing);
    if present.is_none() && !connection.provisions {
        result.problem = Some(SsoError::NotProvisioned.to_string());
        return Ok(());
    }
    let standing = wanted(&tx, connection, claims)
        .await?
        .or(present)
        .unwrap_or(connection.default);
    result.role = Some(standing.role);
    result.external = Some(standing.external);
    Ok(())
}

async fn keep(
    auth: &Auth,
    connection: &Connection,
    flow: &Flow,
    result: &TestResult,
) -> Result<(), SsoError> {
    let unreadable = |_| cp_store::seal::SealError::NotAnEnvelope;
    let mut text = serde_json::to_vec(result).map_err(unreadable)?;
    if text.len() > MAX_RESULT {
        let mut short = result.clone();
        let names = result.claims.keys().cloned();
        short.claims = names
            .map(|name| (name, Value::from("too long to show")))
            .take(200)
            .collect();
        text = serde_json::to_vec(&short).map_err(unreadable)?;
    }
    let sealed = auth.sealer.seal(Purpose::SsoFlow, connection.id, &text)?;
    FlowStore::keep_result(auth.central.conn(), flow, sealed).await?;
    Ok(())
}
