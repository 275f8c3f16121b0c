//! Groups of tenants' directories.

use chrono::{DateTime, Utc};
use cp_domain::Standing;
use cp_scim::{Filter, Target};
use kernel::{ScimGroupId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{
    SearchError,
    filter::{Columns, Place, Rows, condition},
    open_statement,
};
use crate::{StoreError, memberships::read_role, sql};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimGroup {
    /// The group.
    pub id: ScimGroupId,
    /// Its name.
    pub display_name: String,
    /// What the directory identifies it by.
    pub external_id: Option<String>,
    /// What its members are, when architects mapped it.
    pub standing: Option<Standing>,
    /// How often it changed.
    pub revision: u32,
    /// When it came to be known.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many members it has.
    pub members: u64,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    display_name: String,
    external_id: Option<String>,
    role: Option<String>,
    external: Option<bool>,
    revision: u32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    members: i64,
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

impl TryFrom<Row> for ScimGroup {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = row.role.as_deref().map(read_role).transpose()?;
        Ok(Self {
            id: row.id.into(),
            display_name: row.display_name,
            external_id: row.external_id,
            standing: role.map(|role| Standing {
                role,
                external: row.external.unwrap_or_default(),
            }),
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
            members: u64::try_from(row.members).unwrap_or_default(),
        })
    }
}

const GROUP: &str = "SELECT g.id, g.display_name, g.external_id, g.role, g.external, g.revision, \
     g.created_at, g.updated_at, \
     (SELECT COUNT(*) FROM scim_group_members c WHERE c.group_id = g.id) AS members ";

/// Where groups have their attributes.
struct Groups;

impl Columns for Groups {
    const DOCUMENT: &'static str = "'{}'";

    fn column(target: &Target) -> Option<Place> {
        let part = target.part.map(|part| part.name);
        Some(match (target.attribute.name, part) {
            ("id", _) => Place::Text(
                "LOWER(INSERT(INSERT(INSERT(INSERT(HEX(g.id), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), \
                 24, 0, '-'))",
            ),
            ("displayName", _) => Place::Text("g.display_name"),
            ("externalId", _) => Place::Text("g.external_id"),
            ("meta", Some("resourceType")) => Place::Text("'Group'"),
            ("meta", Some("created")) => Place::Moment("g.created_at"),
            ("meta", Some("lastModified")) => Place::Moment("g.updated_at"),
            _ => Place::Nowhere,
        })
    }

    fn rows(attribute: &str) -> Option<Rows> {
        (attribute == "members").then_some(Rows {
            from: "FROM scim_group_members gm WHERE gm.group_id = g.id",
            parts: &[
                (
                    "value",
                    "LOWER(INSERT(INSERT(INSERT(INSERT(HEX(gm.member_id), 9, 0, '-'), 14, 0, '-'), \
                     19, 0, '-'), 24, 0, '-'))",
                ),
                ("type", "'User'"),
            ],
        })
    }
}

fn search(tenant: TenantId, filter: Option<&Filter>) -> Result<(String, Vec<Value>), SearchError> {
    let mut text = "FROM scim_groups g WHERE g.tenant_id = ?".to_owned();
    let mut values = vec![Value::from(tenant.as_uuid())];
    if let Some(name) = filter.and_then(|filter| filter.required_text("displayName")) {
        text.push_str(" AND g.display_name = ?");
        values.push(name.into());
    }
    if let Some(filter) = filter {
        let condition = condition::<Groups>(filter)?;
        text.push_str(" AND ");
        text.push_str(&condition.text);
        values.extend(condition.values);
    }
    Ok((text, values))
}

/// The table `scim_groups`.
#[derive(Debug, Clone, Copy)]
pub struct ScimGroupStore;

impl ScimGroupStore {
    /// The group of this tenant with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        id: ScimGroupId,
    ) -> Result<Option<ScimGroup>, StoreError> {
        let text = format!("{GROUP}FROM scim_groups g WHERE g.tenant_id = ? AND g.id = ?");
        let by = [tenant.as_uuid().into(), id.as_uuid().into()];
        let row = sql::select::<Row, 2>(&text, by).one(conn).await?;
        row.map(ScimGroup::try_from).transpose()
    }

    /// How many groups fulfil a filter.
    ///
    /// # Errors
    /// When the filter asks for what cannot be searched, or the database fails.
    pub async fn count(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        filter: Option<&Filter>,
    ) -> Result<u64, SearchError> {
        let (text, values) = search(tenant, filter)?;
        let count = open_statement(&format!("SELECT COUNT(*) AS number {text}"), values);
        let count = Count::find_by_statement(count).one(conn).await?;
        let number = count.map_or(0, |count| count.number);
        Ok(u64::try_from(number).unwrap_or_default())
    }

    /// Groups that fulfil a filter, the oldest first.
    ///
    /// # Errors
    /// When the filter asks for what cannot be searched, or the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        filter: Option<&Filter>,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<ScimGroup>, SearchError> {
        let (text, mut values) = search(tenant, filter)?;
        values.extend([limit.into(), skip.into()]);
        let text = format!("{GROUP}{text} ORDER BY g.id LIMIT ? OFFSET ?");
        let rows = Row::find_by_statement(open_statement(&text, values));
        let rows = rows.all(conn).await?;
        Ok(rows
            .into_iter()
            .map(ScimGroup::try_from)
            .collect::<Result<_, _>>()?)
    }

    /// Adds a group.
    ///
    /// # Errors
    /// When another group has the name, or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        group: &ScimGroup,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO scim_groups (id, tenant_id, display_name, external_id, revision, \
             created_at, updated_at) VALUES (?, ?, ?, ?, 1, ?, ?)",
            [
                group.id.as_uuid().into(),
                tenant.as_uuid().into(),
                group.display_name.as_str().into(),
                group.external_id.clone().into(),
                group.created_at.into(),
                group.updated_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes a group; its revision goes on.
    ///
    /// # Errors
    /// When another group has the name, or the database fails.
    pub async fn update(
        conn: &impl ConnectionTrait,
        group: &ScimGroup,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE scim_groups SET display_name = ?, external_id = ?, role = ?, external = ?, \
             revision = revision + 1, updated_at = ? WHERE id = ?",
            [
                group.display_name.as_str().into(),
                group.external_id.clone().into(),
                group.standing.map(|standing| standing.role.as_str()).into(),
                group.standing.map(|standing| standing.external).into(),
                now.into(),
                group.id.as_uuid().into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes a group away, with who is in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, id: ScimGroupId) -> Result<(), StoreError> {
        let id = id.as_uuid();
        let members = "DELETE FROM scim_group_members WHERE group_id = ?";
        sql::execute(conn, members, [id.into()]).await?;
        sql::execute(conn, "DELETE FROM scim_groups WHERE id = ?", [id.into()]).await?;
        Ok(())
    }
}
