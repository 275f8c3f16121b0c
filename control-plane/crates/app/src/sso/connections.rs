//! A tenant's connections: architects make, change, switch and delete them, having confirmed who
//! they are.

use chrono::{DateTime, Utc};
use cp_domain::{ConnectionState, GroupRole, Standing, check_connection_texts, check_group_roles};
use cp_oidc::{Algorithms, Issuer};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, Connection, ConnectionStore, SsoSessionStore, StoreError,
    TenantSecurityStore, seal::Purpose,
};
use kernel::{ConnectionId, IfMatch, MemberId, Revision, TenantId};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::SsoAdminError;
use crate::{Auth, members::Administrator, step_up};

/// What becomes of our secret at the provider.
#[derive(Debug, Clone)]
pub enum SecretChange {
    /// It stays; a new connection has none.
    Keep,
    /// There is none any more.
    Remove,
    /// It is this from now on.
    Set(SecretString),
}

/// What a connection is to be.
#[derive(Debug, Clone)]
pub struct ConnectionDraft {
    /// What people call it.
    pub name: String,
    /// The provider.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// How we prove that.
    pub client_secret: SecretChange,
    /// When the secret ends.
    pub secret_expires_at: Option<DateTime<Utc>>,
    /// What is asked for, words separated by spaces.
    pub scopes: String,
    /// The signatures that are taken, words separated by spaces.
    pub algorithms: String,
    /// The claim that lists groups.
    pub group_claim: Option<String>,
    /// What groups give.
    pub group_roles: Vec<GroupRole>,
    /// Whether whoever comes in by it becomes a member.
    pub provisions: bool,
    /// What they are when no group says more.
    pub default: Standing,
    /// Whether the provider asks for a second factor.
    pub proves_second_factor: bool,
    /// Whether people come in by it.
    pub state: ConnectionState,
}

/// A connection with what its groups give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// The connection. Its secret is sealed, and shown to nobody.
    pub connection: Connection,
    /// What groups give.
    pub group_roles: Vec<GroupRole>,
}

impl ConnectionDraft {
    /// What a connection is; its secret stays.
    #[must_use]
    pub fn of(view: &ConnectionView) -> Self {
        let connection = view.connection.clone();
        Self {
            name: connection.name,
            issuer: connection.issuer,
            client_id: connection.client_id,
            client_secret: SecretChange::Keep,
            secret_expires_at: connection.secret_expires_at,
            scopes: connection.scopes,
            algorithms: connection.algorithms,
            group_claim: connection.group_claim,
            group_roles: view.group_roles.clone(),
            provisions: connection.provisions,
            default: connection.default,
            proves_second_factor: connection.proves_second_factor,
            state: connection.state,
        }
    }

    fn check(&self, auth: &Auth) -> Result<(), SsoAdminError> {
        let claim = self.group_claim.as_deref();
        check_connection_texts(&self.name, &self.client_id, &self.scopes, claim)?;
        check_group_roles(&self.group_roles)?;
        Standing::new(self.default.role, self.default.external)?;
        let issuer = Issuer::parse(&self.issuer)?;
        auth.oidc.check_issuer(&issuer)?;
        Algorithms::parse(&self.algorithms)?;
        Ok(())
    }

    /// The connection with this draft's values; its secret is for the caller to see to.
    fn over(&self, connection: Connection) -> Connection {
        Connection {
            name: self.name.trim().to_owned(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.trim().to_owned(),
            secret_expires_at: self.secret_expires_at,
            scopes: words(&self.scopes),
            algorithms: words(&self.algorithms),
            group_claim: self.group_claim.clone(),
            provisions: self.provisions,
            default: self.default,
            proves_second_factor: self.proves_second_factor,
            state: self.state,
            ..connection
        }
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tenant's connections.
///
/// # Errors
/// When the caller is no architect or the database fails.
pub async fn list_connections(
    auth: &Auth,
    by: &Administrator<'_>,
) -> Result<Vec<ConnectionView>, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let mut views = Vec::new();
    for connection in ConnectionStore::list(&tx, by.tenant.tenant_id).await? {
        views.push(view(&tx, connection).await?);
    }
    Ok(views)
}

/// One of the tenant's connections.
///
/// # Errors
/// When there is none such, the caller is no architect or the database fails.
pub async fn find_connection(
    auth: &Auth,
    by: &Administrator<'_>,
    id: ConnectionId,
) -> Result<ConnectionView, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let connection = find(&tx, by.tenant.tenant_id, id).await?;
    view(&tx, connection).await
}

/// Makes a connection.
///
/// # Errors
/// When the caller may not, something of it is not as it should be, or the database fails.
pub async fn create_connection(
    auth: &Auth,
    by: &Administrator<'_>,
    draft: &ConnectionDraft,
) -> Result<ConnectionView, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    step_up::require(auth, by.session)?;
    draft.check(auth)?;
    let now = auth.clock.now();
    let blank = Connection {
        id: auth.clock.new_id(),
        tenant: by.tenant.tenant_id,
        name: String::new(),
        issuer: String::new(),
        client_id: String::new(),
        client_secret: None,
        secret_expires_at: None,
        scopes: String::new(),
        algorithms: String::new(),
        group_claim: None,
        provisions: false,
        default: draft.default,
        proves_second_factor: false,
        state: draft.state,
        revision: 1,
        created_at: now,
        updated_at: now,
        last_sign_in_at: None,
        last_failure: None,
        tested: None,
    };
    let connection = sealed(auth, draft, draft.over(blank))?;
    ConnectionStore::insert(&tx, &connection).await?;
    ConnectionStore::replace_group_roles(&tx, connection.id, &draft.group_roles).await?;
    let made = view(&tx, connection).await?;
    audit(
        &tx,
        auth,
        by,
        "sso.connection.create",
        made.connection.id,
        describe(&made),
    )
    .await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(made)
}

/// Changes a connection. One that is another provider's from now on knows nobody any more.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or the database fails.
pub async fn update_connection(
    auth: &Auth,
    by: &Administrator<'_>,
    id: ConnectionId,
    if_match: IfMatch,
    draft: &ConnectionDraft,
) -> Result<ConnectionView, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let before = find_matching(&tx, by.tenant.tenant_id, id, if_match).await?;
    step_up::require(auth, by.session)?;
    draft.check(auth)?;
    let known = view(&tx, before.clone()).await?;
    let changed = sealed(auth, draft, draft.over(before.clone()))?;
    let ended = write(&tx, auth, &before, changed).await?;
    ConnectionStore::replace_group_roles(&tx, id, &draft.group_roles).await?;
    let after = view(&tx, find(&tx, by.tenant.tenant_id, id).await?).await?;
    let detail = json!({
        "before": describe(&known), "after": describe(&after),
        "new_secret": matches!(draft.client_secret, SecretChange::Set(_)),
    });
    audit(&tx, auth, by, "sso.connection.change", id, detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    tell(auth, ended).await;
    Ok(after)
}

/// Switches a connection on or off. Off, it lets nobody in, and who came in by it is out.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or the database fails.
pub async fn set_connection_state(
    auth: &Auth,
    by: &Administrator<'_>,
    id: ConnectionId,
    if_match: IfMatch,
    state: ConnectionState,
) -> Result<ConnectionView, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let before = find_matching(&tx, by.tenant.tenant_id, id, if_match).await?;
    step_up::require(auth, by.session)?;
    if before.state == state {
        return view(&tx, before).await;
    }
    let changed = Connection {
        state,
        ..before.clone()
    };
    let ended = write(&tx, auth, &before, changed).await?;
    let action = match state {
        ConnectionState::Enabled => "sso.connection.enable",
        ConnectionState::Disabled => "sso.connection.disable",
    };
    audit(&tx, auth, by, action, id, json!({})).await?;
    let after = view(&tx, find(&tx, by.tenant.tenant_id, id).await?).await?;
    tx.commit().await.map_err(StoreError::from)?;
    tell(auth, ended).await;
    Ok(after)
}

/// Deletes a connection; who came in by it is out, and it knows nobody any more.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or the database fails.
pub async fn delete_connection(
    auth: &Auth,
    by: &Administrator<'_>,
    id: ConnectionId,
    if_match: IfMatch,
) -> Result<(), SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let before = find_matching(&tx, by.tenant.tenant_id, id, if_match).await?;
    step_up::require(auth, by.session)?;
    if before.state == ConnectionState::Enabled {
        refuse_last(&tx, &before).await?;
    }
    let ended = SsoSessionStore::revoke(&tx, id, None, None, auth.clock.now()).await?;
    let known = view(&tx, before).await?;
    ConnectionStore::delete(&tx, id).await?;
    audit(&tx, auth, by, "sso.connection.delete", id, describe(&known)).await?;
    tx.commit().await.map_err(StoreError::from)?;
    tell(auth, ended).await;
    Ok(())
}

/// Writes a changed connection; answers whose sessions ended with it.
async fn write(
    tx: &DatabaseTransaction,
    auth: &Auth,
    before: &Connection,
    changed: Connection,
) -> Result<Vec<MemberId>, SsoAdminError> {
    let now = auth.clock.now();
    let switched_off =
        before.state == ConnectionState::Enabled && changed.state == ConnectionState::Disabled;
    if switched_off {
        refuse_last(tx, before).await?;
    }
    let moved = before.issuer != changed.issuer || before.client_id != changed.client_id;
    let changed = Connection {
        revision: before.revision + 1,
        updated_at: now,
        ..changed
    };
    if !ConnectionStore::update(tx, &changed).await? {
        return Err(SsoAdminError::PreconditionFailed(Revision(before.revision)));
    }
    if before.issuer != changed.issuer {
        // The same subject at another provider is somebody else.
        ConnectionStore::forget_identities(tx, before.id).await?;
    }
    if switched_off || moved {
        return Ok(SsoSessionStore::revoke(tx, before.id, None, None, now).await?);
    }
    Ok(Vec::new())
}

/// While single sign-on is enforced, a connection stays on.
async fn refuse_last(
    tx: &DatabaseTransaction,
    connection: &Connection,
) -> Result<(), SsoAdminError> {
    let security = TenantSecurityStore::get(tx, connection.tenant).await?;
    if !security.sso_enforced {
        return Ok(());
    }
    let others = ConnectionStore::list(tx, connection.tenant).await?;
    let another = others
        .iter()
        .any(|other| other.id != connection.id && other.state == ConnectionState::Enabled);
    if another {
        Ok(())
    } else {
        Err(SsoAdminError::LastConnection)
    }
}

async fn tell(auth: &Auth, members: Vec<MemberId>) {
    for member in members {
        auth.directory.member_changed(member).await;
    }
}

fn sealed(
    auth: &Auth,
    draft: &ConnectionDraft,
    connection: Connection,
) -> Result<Connection, SsoAdminError> {
    let algorithms = Algorithms::parse(&draft.algorithms)?;
    let length = |secret: &SecretString| secret.expose_secret().len();
    let (client_secret, secret_length) = match &draft.client_secret {
        SecretChange::Keep => {
            let kept = connection.client_secret.clone();
            let opened = kept
                .as_deref()
                .map(|kept| {
                    auth.sealer
                        .open_text(Purpose::SsoClient, connection.id, kept)
                })
                .transpose()?;
            (kept, opened.as_ref().map(length))
        }
        SecretChange::Remove => (None, None),
        SecretChange::Set(secret) => {
            let bytes = secret.expose_secret().as_bytes();
            let sealed = auth.sealer.seal(Purpose::SsoClient, connection.id, bytes)?;
            (Some(sealed), Some(length(secret)))
        }
    };
    algorithms.check_secret(secret_length)?;
    Ok(Connection {
        client_secret,
        ..connection
    })
}

async fn find(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: ConnectionId,
) -> Result<Connection, SsoAdminError> {
    let found = ConnectionStore::find(tx, tenant, id).await?;
    found.ok_or(SsoAdminError::NotFound)
}

async fn find_matching(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    id: ConnectionId,
    if_match: IfMatch,
) -> Result<Connection, SsoAdminError> {
    let found = find(tx, tenant, id).await?;
    super::enforcement::check_match(if_match, Revision(found.revision))?;
    Ok(found)
}

async fn view(
    tx: &DatabaseTransaction,
    connection: Connection,
) -> Result<ConnectionView, SsoAdminError> {
    let group_roles = ConnectionStore::list_group_roles(tx, connection.id).await?;
    Ok(ConnectionView {
        connection,
        group_roles,
    })
}

fn describe(view: &ConnectionView) -> Value {
    let connection = &view.connection;
    let groups: Vec<Value> = view
        .group_roles
        .iter()
        .map(|entry| {
            json!({
                "group": entry.group, "role": entry.standing.role,
                "external": entry.standing.external,
            })
        })
        .collect();
    json!({
        "name": connection.name, "issuer": connection.issuer, "client_id": connection.client_id,
        "scopes": connection.scopes, "algorithms": connection.algorithms,
        "group_claim": connection.group_claim, "groups": groups,
        "provisions": connection.provisions, "default_role": connection.default.role,
        "default_external": connection.default.external,
        "proves_second_factor": connection.proves_second_factor, "state": connection.state,
    })
}

pub(super) async fn audit(
    tx: &DatabaseTransaction,
    auth: &Auth,
    by: &Administrator<'_>,
    action: &'static str,
    object: impl Into<uuid::Uuid>,
    detail: Value,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::Member(by.session.member_id),
        action,
        tenant: Some(by.tenant.tenant_id),
        object: Some(object.into()),
        detail,
        request_id: Some(by.request_id.to_string()),
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}
