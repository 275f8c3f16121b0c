//! Members as a tenant's directory sees them: what we know of every member, and what the
//! directory said beside it of those it looks after.
//!
//! A member who is archived and of whom the directory says nothing does not exist for it: it
//! never knew them, or it deleted them.

use chrono::{DateTime, Utc};
use cp_scim::{Filter, Target, UserRecord};
use kernel::{MemberId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{
    SearchError,
    filter::{Columns, Place, Rows, condition},
    open_statement,
};
use crate::{Member, StoreError, memberships::MemberRow, sql};

/// A member as the directory sees them.
#[derive(Debug, Clone)]
pub struct ScimUser {
    /// The member.
    pub member: Member,
    /// When the membership last changed.
    pub changed_at: DateTime<Utc>,
    /// What the directory said of them.
    pub said: Option<Said>,
}

/// What a directory said of a member.
#[derive(Debug, Clone)]
pub struct Said {
    /// As it said it; `active` is none.
    pub record: UserRecord,
    /// How often it said something else.
    pub revision: u32,
    /// When it first did.
    pub created_at: DateTime<Utc>,
    /// When it last did.
    pub updated_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    member: MemberRow,
    changed_at: DateTime<Utc>,
    user_name: Option<String>,
    external_id: Option<String>,
    attributes: Option<String>,
    revision: Option<u32>,
    said_at: Option<DateTime<Utc>>,
    said_last_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

impl TryFrom<Row> for ScimUser {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let said = match (row.user_name, row.attributes) {
            (Some(user_name), Some(attributes)) => Some(Said {
                record: UserRecord {
                    user_name,
                    external_id: row.external_id,
                    active: None,
                    attributes: serde_json::from_str(&attributes)
                        .map_err(|_| StoreError::corrupt("scim_users", "attributes"))?,
                },
                revision: row.revision.unwrap_or_default(),
                created_at: row.said_at.unwrap_or(row.changed_at),
                updated_at: row.said_last_at.unwrap_or(row.changed_at),
            }),
            _ => None,
        };
        Ok(Self {
            member: row.member.try_into()?,
            changed_at: row.changed_at,
            said,
        })
    }
}

const COLUMNS: &str = "SELECT m.member_id, m.tenant_id, m.person_id, m.role, m.external, m.state, \
     m.version, m.projected, m.created_at, p.email, COALESCE(m.invited_name, p.name) AS name, \
     p.password_hash, m.updated_at AS changed_at, s.user_name, s.external_id, s.attributes, \
     s.revision, s.created_at AS said_at, s.updated_at AS said_last_at ";

const JOINED: &str = "memberships m JOIN people p ON p.id = m.person_id \
     LEFT JOIN scim_users s ON s.member_id = m.member_id \
     WHERE m.tenant_id = ? AND (m.state <> 'archived' OR s.member_id IS NOT NULL)";

/// Where users have their attributes.
struct Users;

impl Columns for Users {
    const DOCUMENT: &'static str = "COALESCE(s.attributes, JSON_OBJECT('displayName', \
         COALESCE(m.invited_name, p.name), 'emails', JSON_ARRAY(JSON_OBJECT('value', p.email, \
         'type', 'work', 'primary', TRUE))))";

    fn column(target: &Target) -> Option<Place> {
        let part = target.part.map(|part| part.name);
        match (target.extension.is_some(), target.attribute.name, part) {
            (true, ..) => None,
            (_, "id", _) => Some(Place::Text(
                "LOWER(INSERT(INSERT(INSERT(INSERT(HEX(m.member_id), 9, 0, '-'), 14, 0, '-'), 19, 0, \
                 '-'), 24, 0, '-'))",
            )),
            (_, "userName", _) => Some(Place::Text("COALESCE(s.user_name, p.email)")),
            (_, "externalId", _) => Some(Place::Text("s.external_id")),
            (_, "active", _) => Some(Place::Boolean("m.state <> 'archived'")),
            (_, "meta", Some("resourceType")) => Some(Place::Text("'User'")),
            (_, "meta", Some("created")) => Some(Place::Moment("m.created_at")),
            (_, "meta", Some("lastModified")) => Some(Place::Moment(
                "GREATEST(m.updated_at, COALESCE(s.updated_at, m.updated_at))",
            )),
            (_, "meta" | "schemas", _) => Some(Place::Nowhere),
            _ => None,
        }
    }

    fn rows(attribute: &str) -> Option<Rows> {
        (attribute == "groups").then_some(Rows {
            from: "FROM scim_group_members gm JOIN scim_groups g ON g.id = gm.group_id \
                   WHERE gm.member_id = m.member_id",
            parts: &[
                (
                    "value",
                    "LOWER(INSERT(INSERT(INSERT(INSERT(HEX(g.id), 9, 0, '-'), 14, 0, '-'), 19, 0, \
                     '-'), 24, 0, '-'))",
                ),
                ("display", "g.display_name"),
                ("type", "'direct'"),
            ],
        })
    }
}

/// What is searched, and where to begin.
struct Search {
    text: String,
    values: Vec<Value>,
}

impl Search {
    /// The rest of a statement after its columns. What a filter requires to be equal is looked up
    /// by its key first.
    fn new(tenant: TenantId, filter: Option<&Filter>) -> Result<Self, SearchError> {
        let of = Value::from(tenant.as_uuid());
        let required = |name: &str| filter.and_then(|filter| filter.required_text(name));
        let mut search = Self {
            text: "FROM ".to_owned(),
            values: Vec::new(),
        };
        if let Some(name) = required("userName") {
            search.text.push_str(
                "(SELECT k.member_id FROM scim_users k WHERE k.tenant_id = ? AND k.user_name = ? \
                 UNION SELECT k.member_id FROM people q JOIN memberships k ON k.person_id = q.id \
                 AND k.tenant_id = ? WHERE q.email = ?) hit STRAIGHT_JOIN ",
            );
            let email = name.trim().to_ascii_lowercase();
            search
                .values
                .extend([of.clone(), name.into(), of.clone(), email.into()]);
        } else if let Some(id) = required("externalId") {
            search.text.push_str(
                "(SELECT k.member_id FROM scim_users k WHERE k.tenant_id = ? AND k.external_id = ?) \
                 hit STRAIGHT_JOIN ",
            );
            search.values.extend([of.clone(), id.into()]);
        }
        let narrowed = !search.values.is_empty();
        search.text.push_str(JOINED);
        search.values.push(of);
        if narrowed {
            search.text.push_str(" AND m.member_id = hit.member_id");
        }
        if let Some(id) = required("id").and_then(|id| id.parse::<Uuid>().ok()) {
            search.text.push_str(" AND m.member_id = ?");
            search.values.push(id.into());
        }
        if let Some(filter) = filter {
            let condition = condition::<Users>(filter)?;
            search.text.push_str(" AND ");
            search.text.push_str(&condition.text);
            search.values.extend(condition.values);
        }
        Ok(search)
    }
}

/// The table `scim_users`, beside `memberships`.
#[derive(Debug, Clone, Copy)]
pub struct ScimUserStore;

impl ScimUserStore {
    /// The member of this tenant with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<Option<ScimUser>, StoreError> {
        let text = format!("{COLUMNS}FROM {JOINED} AND m.member_id = ?");
        let by = [tenant.as_uuid().into(), member.as_uuid().into()];
        let row = sql::select::<Row, 2>(&text, by).one(conn).await?;
        row.map(ScimUser::try_from).transpose()
    }

    /// How many members fulfil a filter.
    ///
    /// # Errors
    /// When the filter asks for what cannot be searched, or the database fails.
    pub async fn count(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        filter: Option<&Filter>,
    ) -> Result<u64, SearchError> {
        let Search { text, values } = Search::new(tenant, filter)?;
        let count = open_statement(&format!("SELECT COUNT(*) AS number {text}"), values);
        let count = Count::find_by_statement(count).one(conn).await?;
        let number = count.map_or(0, |count| count.number);
        Ok(u64::try_from(number).unwrap_or_default())
    }

    /// Members that fulfil a filter, the oldest first.
    ///
    /// # Errors
    /// When the filter asks for what cannot be searched, or the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        filter: Option<&Filter>,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<ScimUser>, SearchError> {
        let Search { text, mut values } = Search::new(tenant, filter)?;
        values.extend([limit.into(), skip.into()]);
        let text = format!("{COLUMNS}{text} ORDER BY m.member_id LIMIT ? OFFSET ?");
        let rows = Row::find_by_statement(open_statement(&text, values));
        let rows = rows.all(conn).await?;
        Ok(rows
            .into_iter()
            .map(ScimUser::try_from)
            .collect::<Result<_, _>>()?)
    }

    /// Writes what the directory says of a member.
    ///
    /// # Errors
    /// When another member has the name, or the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        member: MemberId,
        record: &UserRecord,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let attributes = serde_json::Value::Object(record.attributes.clone()).to_string();
        let changed = sql::execute(
            conn,
            "UPDATE scim_users SET user_name = ?, external_id = ?, attributes = ?, \
             revision = revision + 1, updated_at = ? WHERE member_id = ?",
            [
                record.user_name.as_str().into(),
                record.external_id.clone().into(),
                attributes.as_str().into(),
                now.into(),
                member.as_uuid().into(),
            ],
        );
        if changed.await? == 1 {
            return Ok(());
        }
        sql::execute(
            conn,
            "INSERT INTO scim_users (member_id, tenant_id, user_name, external_id, attributes, \
             revision, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
            [
                member.as_uuid().into(),
                tenant.as_uuid().into(),
                record.user_name.as_str().into(),
                record.external_id.clone().into(),
                attributes.into(),
                now.into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets what the directory said of a member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, member: MemberId) -> Result<(), StoreError> {
        let id = member.as_uuid();
        sql::execute(
            conn,
            "DELETE FROM scim_users WHERE member_id = ?",
            [id.into()],
        )
        .await?;
        Ok(())
    }

    /// Sets the name under which a tenant knows a member of its directory: in that tenant only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_name(
        conn: &impl ConnectionTrait,
        member: MemberId,
        name: &str,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE memberships SET invited_name = ? WHERE member_id = ?",
            [name.into(), member.as_uuid().into()],
        )
        .await?;
        Ok(())
    }
}
