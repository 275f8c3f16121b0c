//! Identity providers of tenants, and what their groups give.

use chrono::{DateTime, Utc};
use cp_domain::{ConnectionState, GroupRole, Standing};
use kernel::{ConnectionId, MemberId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, memberships::read_role, sql};

/// A connection to an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The connection.
    pub id: ConnectionId,
    /// The tenant whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The provider.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The sealed secret; none for a public client.
    pub client_secret: Option<Vec<u8>>,
    /// When the secret ends, as the architect says.
    pub secret_expires_at: Option<DateTime<Utc>>,
    /// What is asked for, words separated by spaces.
    pub scopes: String,
    /// The signatures that are taken, words separated by spaces.
    pub algorithms: String,
    /// The claim that lists groups.
    pub group_claim: Option<String>,
    /// Whether whoever comes in by it becomes a member.
    pub provisions: bool,
    /// What they are when no group says more.
    pub default: Standing,
    /// Whether the provider asks for a second factor.
    pub proves_second_factor: bool,
    /// Whether people come in by it.
    pub state: ConnectionState,
    /// Counts the changes of what is above.
    pub revision: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed.
    pub updated_at: DateTime<Utc>,
    /// When somebody last came in by it.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When somebody last did not, and why.
    pub last_failure: Option<(DateTime<Utc>, String)>,
    /// The last test that succeeded: when, whose, and at which revision.
    pub tested: Option<(DateTime<Utc>, MemberId, u32)>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<Vec<u8>>,
    secret_expires_at: Option<DateTime<Utc>>,
    scopes: String,
    algorithms: String,
    group_claim: Option<String>,
    provisions: bool,
    default_role: String,
    default_external: bool,
    proves_second_factor: bool,
    state: String,
    revision: u32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_sign_in_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
    last_failure: Option<String>,
    tested_at: Option<DateTime<Utc>>,
    tested_by: Option<Uuid>,
    tested_revision: Option<u32>,
}

impl TryFrom<Row> for Connection {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = ConnectionState::parse(&row.state);
        let tested = row.tested_at.zip(row.tested_by).zip(row.tested_revision);
        Ok(Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            name: row.name,
            issuer: row.issuer,
            client_id: row.client_id,
            client_secret: row.client_secret,
            secret_expires_at: row.secret_expires_at,
            scopes: row.scopes,
            algorithms: row.algorithms,
            group_claim: row.group_claim,
            provisions: row.provisions,
            default: Standing {
                role: read_role(&row.default_role)?,
                external: row.default_external,
            },
            proves_second_factor: row.proves_second_factor,
            state: state.ok_or(StoreError::corrupt("sso_connections", "state"))?,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_sign_in_at: row.last_sign_in_at,
            last_failure: row.last_failure_at.zip(row.last_failure),
            tested: tested.map(|((at, by), revision)| (at, by.into(), revision)),
        })
    }
}

/// The tables `sso_connections` and `sso_group_roles`.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionStore;

impl ConnectionStore {
    /// A tenant's connection.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        id: ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        let row = sql::select::<Row, 2>(
            "SELECT * FROM sso_connections WHERE id = ? AND tenant_id = ?",
            [id.as_uuid().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(Connection::try_from).transpose()
    }

    /// A tenant's connections, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Vec<Connection>, StoreError> {
        let rows = sql::select::<Row, 1>(
            "SELECT * FROM sso_connections WHERE tenant_id = ? ORDER BY id LIMIT 100",
            [tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter().map(Connection::try_from).collect()
    }

    /// Adds a connection.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO sso_connections (id, tenant_id, name, issuer, client_id, client_secret, \
             secret_expires_at, scopes, algorithms, group_claim, provisions, default_role, \
             default_external, proves_second_factor, state, revision, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                connection.id.as_uuid().into(),
                connection.tenant.as_uuid().into(),
                connection.name.clone().into(),
                connection.issuer.clone().into(),
                connection.client_id.clone().into(),
                connection.client_secret.clone().into(),
                connection.secret_expires_at.into(),
                connection.scopes.clone().into(),
                connection.algorithms.clone().into(),
                connection.group_claim.clone().into(),
                connection.provisions.into(),
                connection.default.role.as_str().into(),
                connection.default.external.into(),
                connection.proves_second_factor.into(),
                connection.state.as_str().into(),
                connection.revision.into(),
                connection.created_at.into(),
                connection.updated_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes a connection over the revision before it; answers false when that is not the
    /// present one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update(
        conn: &impl ConnectionTrait,
        connection: &Connection,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sso_connections SET name = ?, issuer = ?, client_id = ?, client_secret = ?, \
             secret_expires_at = ?, scopes = ?, algorithms = ?, group_claim = ?, provisions = ?, \
             default_role = ?, default_external = ?, proves_second_factor = ?, state = ?, \
             revision = ?, updated_at = ? WHERE id = ? AND revision = ?",
            [
                connection.name.clone().into(),
                connection.issuer.clone().into(),
                connection.client_id.clone().into(),
                connection.client_secret.clone().into(),
                connection.secret_expires_at.into(),
                connection.scopes.clone().into(),
                connection.algorithms.clone().into(),
                connection.group_claim.clone().into(),
                connection.provisions.into(),
                connection.default.role.as_str().into(),
                connection.default.external.into(),
                connection.proves_second_factor.into(),
                connection.state.as_str().into(),
                connection.revision.into(),
                connection.updated_at.into(),
                connection.id.as_uuid().into(),
                connection.revision.saturating_sub(1).into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Takes a connection away with all that hangs on it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, id: ConnectionId) -> Result<(), StoreError> {
        for text in [
            "DELETE FROM sso_group_roles WHERE connection_id = ?",
            "DELETE FROM sso_identities WHERE connection_id = ?",
            "DELETE FROM sso_flows WHERE connection_id = ?",
            "DELETE FROM sso_logout_tokens WHERE connection_id = ?",
            "DELETE FROM sso_connections WHERE id = ?",
        ] {
            sql::execute(conn, text, [id.as_uuid().into()]).await?;
        }
        Ok(())
    }

    /// Forgets who the subjects of a connection are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_identities(
        conn: &impl ConnectionTrait,
        id: ConnectionId,
    ) -> Result<(), StoreError> {
        let text = "DELETE FROM sso_identities WHERE connection_id = ?";
        sql::execute(conn, text, [id.as_uuid().into()]).await?;
        Ok(())
    }

    /// Notes that somebody came in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_sign_in(
        conn: &impl ConnectionTrait,
        id: ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let text = "UPDATE sso_connections SET last_sign_in_at = ? WHERE id = ?";
        sql::execute(conn, text, [now.into(), id.as_uuid().into()]).await?;
        Ok(())
    }

    /// Notes that somebody did not come in, and why.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_failure(
        conn: &impl ConnectionTrait,
        id: ConnectionId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let reason: String = reason.chars().take(255).collect();
        sql::execute(
            conn,
            "UPDATE sso_connections SET last_failure_at = ?, last_failure = ? WHERE id = ?",
            [now.into(), reason.into(), id.as_uuid().into()],
        )
        .await?;
        Ok(())
    }

    /// Notes that a test succeeded, at this revision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_test(
        conn: &impl ConnectionTrait,
        connection: &Connection,
        by: MemberId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE sso_connections SET tested_at = ?, tested_by = ?, tested_revision = ? \
             WHERE id = ?",
            [
                now.into(),
                by.as_uuid().into(),
                connection.revision.into(),
                connection.id.as_uuid().into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// What groups give, by their names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_group_roles(
        conn: &impl ConnectionTrait,
        id: ConnectionId,
    ) -> Result<Vec<GroupRole>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            group_name: String,
            role: String,
            external: bool,
        }
        let rows = sql::select::<Row, 1>(
            "SELECT group_name, role, external FROM sso_group_roles WHERE connection_id = ? \
             ORDER BY group_name",
            [id.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter()
            .map(|row| {
                Ok(GroupRole {
                    standing: Standing {
                        role: read_role(&row.role)?,
                        external: row.external,
                    },
                    group: row.group_name,
                })
            })
            .collect()
    }

    /// Puts these in the place of what groups gave before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace_group_roles(
        conn: &impl ConnectionTrait,
        id: ConnectionId,
        map: &[GroupRole],
    ) -> Result<(), StoreError> {
        let text = "DELETE FROM sso_group_roles WHERE connection_id = ?";
        sql::execute(conn, text, [id.as_uuid().into()]).await?;
        for GroupRole { group, standing } in map {
            sql::execute(
                conn,
                "INSERT INTO sso_group_roles (connection_id, group_name, role, external) \
                 VALUES (?, ?, ?, ?)",
                [
                    id.as_uuid().into(),
                    group.clone().into(),
                    standing.role.as_str().into(),
                    standing.external.into(),
                ],
            )
            .await?;
        }
        Ok(())
    }
}
