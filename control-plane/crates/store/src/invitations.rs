//! Invitations and what one needs to know to accept one.

use chrono::{DateTime, Utc};
use cp_domain::{InvitationTerms, TokenHash};
use kernel::{InvitationId, MemberId, PersonId, TenantId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, memberships::read_state, sql};

/// A new invitation.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The invitation.
    pub id: InvitationId,
    /// The hash of the link's token.
    pub token_hash: TokenHash,
    /// The tenant.
    pub tenant: TenantId,
    /// The invited member.
    pub member: MemberId,
    /// When it is made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// An invitation with the member and the person it is for.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// The tenant.
    pub tenant: TenantId,
    /// The invited member.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
    /// The person's address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The hash of the password that the person has already, perhaps from another tenant.
    pub password_hash: Option<String>,
    /// Whether it can be accepted.
    pub terms: InvitationTerms,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "Binary(32)")]
        pub token_hash: Vec<u8>,
        pub tenant_id: Uuid,
        pub member_id: Uuid,
        pub created_at: DateTimeUtc,
        pub expires_at: DateTimeUtc,
        pub accepted_at: Option<DateTimeUtc>,
        pub revoked_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(FromQueryResult)]
struct InvitationRow {
    id: Uuid,
    tenant_id: Uuid,
    member_id: Uuid,
    person_id: Uuid,
    email: String,
    name: String,
    password_hash: Option<String>,
    expires_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    state: String,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            tenant: row.tenant_id.into(),
            member: row.member_id.into(),
            person: row.person_id.into(),
            email: row.email,
            name: row.name,
            password_hash: row.password_hash,
            terms: InvitationTerms {
                expires_at: row.expires_at,
                accepted_at: row.accepted_at,
                revoked_at: row.revoked_at,
                member: read_state(&row.state)?,
            },
        })
    }
}

/// The table `invitations`.
#[derive(Debug, Clone, Copy)]
pub struct InvitationStore;

impl InvitationStore {
    /// The invitation of this token to this tenant, in whatever state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
    ) -> Result<Option<Invitation>, StoreError> {
        let row = sql::select::<InvitationRow, 2>(
            "SELECT i.id, i.tenant_id, i.member_id, m.person_id, p.email, \
             COALESCE(m.invited_name, p.name) AS name, p.password_hash, i.expires_at, \
             i.accepted_at, i.revoked_at, m.state \
             FROM invitations i JOIN memberships m ON m.member_id = i.member_id \
             JOIN people p ON p.id = m.person_id WHERE i.token_hash = ? AND i.tenant_id = ?",
            [hash.as_bytes().to_vec().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(Invitation::try_from).transpose()
    }

    /// Adds an invitation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        invitation: &NewInvitation,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(invitation.id.as_uuid()),
            token_hash: Set(invitation.token_hash.as_bytes().to_vec()),
            tenant_id: Set(invitation.tenant.as_uuid()),
            member_id: Set(invitation.member.as_uuid()),
            created_at: Set(invitation.created_at),
            expires_at: Set(invitation.expires_at),
            accepted_at: Set(None),
            revoked_at: Set(None),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Takes the invitation: of several that try at once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accept(
        conn: &impl ConnectionTrait,
        id: InvitationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE invitations SET accepted_at = ? WHERE id = ? AND accepted_at IS NULL \
             AND revoked_at IS NULL AND expires_at > ?",
            [now.into(), id.as_uuid().into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Withdraws a member's open invitations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_open(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE invitations SET revoked_at = ? \
             WHERE member_id = ? AND accepted_at IS NULL AND revoked_at IS NULL",
            [now.into(), member.as_uuid().into()],
        )
        .await
    }

    /// Whether the member has an invitation that can be accepted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_open(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let open = sql::statement(
            "SELECT id FROM invitations WHERE member_id = ? AND accepted_at IS NULL \
             AND revoked_at IS NULL AND expires_at > ? LIMIT 1",
            [member.as_uuid().into(), now.into()],
        );
        Ok(conn.query_one_raw(open).await?.is_some())
    }
}
