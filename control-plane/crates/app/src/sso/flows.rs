//! Sending browsers to a provider, and taking them back: once, in the same browser, in time.

use chrono::TimeDelta;
use cp_domain::{ConnectionState, Email, FlowPurpose, LocalPath, TokenHash};
use cp_oidc::{Callback, Expected, Hints, OidcError, ProvenIdentity};
use cp_store::{
    Connection, ConnectionStore, Flow, FlowStore,
    seal::{Purpose, SealError},
};
use kernel::{ConnectionId, RequestId, SessionId, TenantId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Outcome, SsoError, identities,
    identities::enter,
    provider::{provider_of, redirect_uri},
    test,
};
use crate::{
    Auth, Client,
    secrets::hash_opaque,
    sessions::{CachedSession, TenantHost},
    step_up,
};

/// How long a browser may be away.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// The longest path that is kept.
const MAX_PATH: usize = 500;

/// A browser that is to be sent to a provider.
#[derive(Debug)]
pub struct FlowRequest<'a> {
    /// The tenant whose host it is.
    pub tenant: &'a TenantHost,
    /// The connection.
    pub connection: ConnectionId,
    /// What for.
    pub purpose: FlowPurpose,
    /// The hash of the browser's cookie.
    pub browser: TokenHash,
    /// Who is signed in; needed for all but signing in.
    pub visitor: Option<&'a CachedSession>,
    /// Where the browser goes in the end.
    pub return_to: LocalPath,
    /// The address that somebody typed.
    pub login_hint: Option<Email>,
    /// Who started it, when it was somebody else.
    pub initiator: Option<Initiator>,
}

/// A sign-in that was started elsewhere (OpenID Connect Core §4).
#[derive(Debug, Clone)]
pub struct Initiator {
    /// The provider that is meant.
    pub iss: String,
}

/// What of a flow must not be read.
#[derive(Serialize, Deserialize)]
struct Kept {
    n: String,
    v: String,
}

/// Begins; answers where the browser goes.
///
/// # Errors
/// When there is no such connection, it is disabled, the visitor may not, or the provider's
/// metadata cannot be had.
pub async fn begin(auth: &Auth, request: FlowRequest<'_>) -> Result<Url, SsoError> {
    let connection = find(auth, request.tenant.tenant_id, request.connection).await?;
    if request.purpose != FlowPurpose::Test {
        refuse_disabled(&connection)?;
    }
    if request
        .initiator
        .is_some_and(|initiator| initiator.iss != connection.issuer)
    {
        return Err(SsoError::ForeignInitiator);
    }
    let session = session_of(auth, request.purpose, request.visitor)?;
    let begun = async {
        let hints = Hints {
            login_hint: request.login_hint.as_ref().map(Email::as_str),
            fresh: request.purpose == FlowPurpose::StepUp,
        };
        let redirect = redirect_uri(auth, &request.tenant.slug, connection.id);
        let provider = provider_of(auth, &connection)?;
        Ok(auth.oidc.begin(&provider, &redirect, hints).await?)
    };
    let begun = match begun.await {
        Ok(begun) => begun,
        Err(error) => {
            note_failure(auth, &connection, &error).await;
            return Err(error);
        }
    };
    let kept = Kept {
        n: begun.nonce.expose_secret().to_owned(),
        v: begun.verifier.expose_secret().to_owned(),
    };
    let kept = serde_json::to_vec(&kept).map_err(|_| SealError::NotAnEnvelope)?;
    let now = auth.clock.now();
    let state = hash_opaque(begun.state.expose_secret()).ok_or(OidcError::Setup)?;
    let path = request.return_to.as_str();
    let flow = Flow {
        state_hash: state,
        connection: connection.id,
        purpose: request.purpose,
        browser_hash: request.browser,
        session,
        sealed: auth.sealer.seal(Purpose::SsoFlow, connection.id, &kept)?,
        return_to: if path.len() > MAX_PATH { "/" } else { path }.to_owned(),
        created_at: now,
        expires_at: now + LIFE,
    };
    FlowStore::insert(auth.central.conn(), &flow).await?;
    Ok(begun.url)
}

/// The session that a flow belongs to; signing in needs none, everything else one that may.
fn session_of(
    auth: &Auth,
    purpose: FlowPurpose,
    visitor: Option<&CachedSession>,
) -> Result<Option<SessionId>, SsoError> {
    if purpose == FlowPurpose::SignIn {
        return Ok(None);
    }
    let visitor = visitor.ok_or(SsoError::AnotherSession)?;
    let session = visitor.session_id().ok_or(SsoError::AnotherSession)?;
    if matches!(purpose, FlowPurpose::Link | FlowPurpose::Test) {
        step_up::require(auth, visitor)?;
    }
    Ok(Some(session))
}

/// A browser that came back.
#[derive(Debug)]
pub struct Returned<'a> {
    /// The tenant whose host it is.
    pub tenant: &'a TenantHost,
    /// The connection whose address it came to.
    pub connection: ConnectionId,
    /// The hash of the browser's cookie, when it has one.
    pub browser: Option<TokenHash>,
    /// The state that it brought.
    pub state: &'a str,
    /// What else it brought.
    pub callback: Callback,
    /// The client.
    pub client: Client,
    /// Who is signed in.
    pub visitor: Option<&'a CachedSession>,
    /// The request, for the audit log.
    pub request_id: &'a RequestId,
}

/// Why nothing came of a browser's return.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FlowFailure {
    /// What the browser had been sent for, when it had been.
    pub purpose: Option<FlowPurpose>,
    /// Why.
    #[source]
    pub error: SsoError,
}

/// Ends what [`begin`] began.
///
/// # Errors
/// When anything is not as it should be; nobody is signed in then.
pub async fn finish(auth: &Auth, returned: Returned<'_>) -> Result<Outcome, FlowFailure> {
    let unknown = |error| FlowFailure {
        purpose: None,
        error,
    };
    let found = find(auth, returned.tenant.tenant_id, returned.connection).await;
    let connection = found.map_err(unknown)?;
    let flow = consume(auth, &connection, &returned)
        .await
        .map_err(unknown)?;
    let outcome = match flow.purpose {
        FlowPurpose::Test => test::finish(auth, &connection, &flow, &returned).await,
        _ => conclude(auth, &connection, &flow, &returned).await,
    };
    if let Err(error) = &outcome
        && flow.purpose != FlowPurpose::Test
    {
        note_failure(auth, &connection, error).await;
    }
    outcome.map_err(|error| FlowFailure {
        purpose: Some(flow.purpose),
        error,
    })
}

async fn conclude(
    auth: &Auth,
    connection: &Connection,
    flow: &Flow,
    returned: &Returned<'_>,
) -> Result<Outcome, SsoError> {
    // It may have been switched off while the browser was away.
    refuse_disabled(connection)?;
    let proven = prove(auth, connection, flow, returned).await?;
    let return_to = LocalPath::or_home(Some(&flow.return_to));
    match flow.purpose {
        FlowPurpose::SignIn => {
            let admission = enter(auth, connection, proven, returned).await?;
            Ok(Outcome::Admitted(admission, return_to))
        }
        FlowPurpose::Link => {
            let visitor = same_session(flow, returned)?;
            identities::link(auth, connection, &proven.claims, visitor, returned).await?;
            Ok(Outcome::Linked(return_to))
        }
        FlowPurpose::StepUp | FlowPurpose::Test => {
            let visitor = same_session(flow, returned)?;
            let claims = &proven.claims;
            let signed_in =
                identities::confirm(auth, connection, claims, visitor, &returned.client).await?;
            Ok(Outcome::Confirmed(signed_in, return_to))
        }
    }
}

/// What the provider says of who came back.
pub(super) async fn prove(
    auth: &Auth,
    connection: &Connection,
    flow: &Flow,
    returned: &Returned<'_>,
) -> Result<ProvenIdentity, SsoError> {
    let kept = auth
        .sealer
        .open(Purpose::SsoFlow, connection.id, &flow.sealed)?;
    let kept: Kept = serde_json::from_slice(kept.expose_secret())
        .map_err(|_| SsoError::Seal(SealError::NotAnEnvelope))?;
    let expected = Expected {
        nonce: SecretString::from(kept.n),
        verifier: SecretString::from(kept.v),
        fresh_since: (flow.purpose == FlowPurpose::StepUp).then_some(flow.created_at),
    };
    let provider = provider_of(auth, connection)?;
    let redirect = redirect_uri(auth, &returned.tenant.slug, connection.id);
    let now = auth.clock.now();
    Ok(auth
        .oidc
        .finish(&provider, &redirect, &returned.callback, &expected, now)
        .await?)
}

/// The visitor, when the flow was begun in this very session.
pub(super) fn same_session<'a>(
    flow: &Flow,
    returned: &Returned<'a>,
) -> Result<&'a CachedSession, SsoError> {
    let visitor = returned.visitor.ok_or(SsoError::AnotherSession)?;
    if flow.session.is_some() && visitor.session_id() == flow.session {
        Ok(visitor)
    } else {
        Err(SsoError::AnotherSession)
    }
}

async fn consume(
    auth: &Auth,
    connection: &Connection,
    returned: &Returned<'_>,
) -> Result<Flow, SsoError> {
    let state = hash_opaque(returned.state).ok_or(SsoError::UnknownFlow)?;
    let browser = returned.browser.ok_or(SsoError::UnknownFlow)?;
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    FlowStore::consume(conn, connection.id, &state, &browser, now)
        .await?
        .ok_or(SsoError::UnknownFlow)
}

pub(super) async fn find(
    auth: &Auth,
    tenant: TenantId,
    connection: ConnectionId,
) -> Result<Connection, SsoError> {
    ConnectionStore::find(auth.central.conn(), tenant, connection)
        .await?
        .ok_or(SsoError::NotFound)
}

pub(super) fn refuse_disabled(connection: &Connection) -> Result<(), SsoError> {
    match connection.state {
        ConnectionState::Enabled => Ok(()),
        ConnectionState::Disabled => Err(SsoError::Disabled),
    }
}

/// Keeps for architects why somebody did not come in.
async fn note_failure(auth: &Auth, connection: &Connection, error: &SsoError) {
    if !error.is_of_connection() {
        return;
    }
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let reason = error.to_string();
    tracing::info!(connection = %connection.id, reason, "somebody did not come in by a provider");
    if let Err(error) = ConnectionStore::note_failure(conn, connection.id, &reason, now).await {
        tracing::warn!(%error, "why somebody did not come in was not kept");
    }
}
