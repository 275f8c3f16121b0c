//! Tenants' providers: which there are, and stopping one that is not to be trusted any more.

use chrono::{DateTime, Utc};
use cp_domain::ConnectionState;
use cp_store::{Connection, ConnectionStore, MembershipStore, SsoSessionStore, StoreError};
use kernel::{ConnectionId, TenantId};
use serde_json::json;

use crate::{
    Auth,
    fleet::KeyError,
    staff::{By, record::Deed},
};

/// A connection as staff see it: nothing of its secret, nobody's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSummary {
    /// The connection.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The provider.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// Whether whoever comes in by it becomes a member.
    pub provisions: bool,
    /// Whether people come in by it.
    pub state: ConnectionState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed.
    pub updated_at: DateTime<Utc>,
    /// When somebody last came in by it.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When somebody last did not, and why.
    pub last_failure: Option<(DateTime<Utc>, String)>,
}

impl From<Connection> for ConnectionSummary {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            name: connection.name,
            issuer: connection.issuer,
            client_id: connection.client_id,
            provisions: connection.provisions,
            state: connection.state,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
            last_sign_in_at: connection.last_sign_in_at,
            last_failure: connection.last_failure,
        }
    }
}

/// Why a connection is not stopped.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The tenant has none such.
    #[error("there is no such connection")]
    NotFound,
    /// Somebody changes it at this moment.
    #[error("the connection is being changed")]
    Busy,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A tenant's connections, a hundred at most.
///
/// # Errors
/// When the database fails.
pub async fn list_connections(
    auth: &Auth,
    tenant: TenantId,
) -> Result<Vec<ConnectionSummary>, StoreError> {
    let found = ConnectionStore::list(auth.central.conn(), tenant).await?;
    Ok(found.into_iter().map(ConnectionSummary::from).collect())
}

/// Stops a connection, even the last one of a tenant that enforces single sign-on: nobody comes in
/// by it from now on, and who came in by it is out. The tenant's architects switch it on again.
///
/// # Errors
/// When there is none such, somebody changes it, or the database fails.
pub async fn stop_connection(
    auth: &Auth,
    by: &By,
    tenant: TenantId,
    id: ConnectionId,
    reason: &str,
) -> Result<ConnectionSummary, ConnectionError> {
    let conn = auth.central.conn();
    if by.answered::<ConnectionId>(auth).await?.is_some() {
        let found = ConnectionStore::find(conn, tenant, id).await?;
        return found.map(Into::into).ok_or(ConnectionError::NotFound);
    }
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    match MembershipStore::lock_tenant(&tx, tenant).await {
        Err(StoreError::Missing(_)) => return Err(ConnectionError::NotFound),
        other => other?,
    }
    let found = ConnectionStore::find(&tx, tenant, id).await?;
    let found = found.ok_or(ConnectionError::NotFound)?;
    if found.state == ConnectionState::Disabled {
        return Ok(found.into());
    }
    let stopped = Connection {
        state: ConnectionState::Disabled,
        revision: found.revision + 1,
        updated_at: now,
        ..found
    };
    if !ConnectionStore::update(&tx, &stopped).await? {
        return Err(ConnectionError::Busy);
    }
    let ended = SsoSessionStore::revoke(&tx, id, None, None, now).await?;
    let deed = Deed {
        action: "sso.connection.stop",
        tenant: Some(tenant),
        object: Some(id.as_uuid()),
        detail: json!({ "reason": reason, "members": ended.len() }),
    };
    by.record(&tx, auth, deed, &id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    for member in ended {
        auth.directory.member_changed(member).await;
    }
    Ok(stopped.into())
}
