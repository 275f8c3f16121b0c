//! What provisioning puts into a new tenant's database, and the projection of a member.

use kernel::{MemberId, Role, TenantContext};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use uuid::Uuid;

fn hex(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}

async fn run(conn: &DatabaseConnection, sql: &str) {
    if let Err(error) = conn.execute_unprepared(sql).await {
        panic!("{sql}: {error}");
    }
}

/// The system groups, and the root's grants.
pub async fn defaults(conn: &DatabaseConnection, context: TenantContext, slug: &str) {
    let root = hex(context.tenant.as_uuid());
    let groups = ["architects", "builders", "users", "internal", "external"];
    let ids = groups.map(|_| hex(Uuid::now_v7()));
    let rows: Vec<String> = groups
        .iter()
        .zip(&ids)
        .map(|(word, id)| format!("({id}, '{word}', '{word}', UTC_TIMESTAMP(6))"))
        .collect();
    let rows = rows.join(",");
    run(
        conn,
        &format!("INSERT INTO member_groups (id, `system`, name, created_at) VALUES {rows}"),
    )
    .await;
    let grants: Vec<String> = ids
        .iter()
        .zip([3, 2, 1])
        .map(|(group, level)| {
            let id = hex(Uuid::now_v7());
            format!("({id}, {root}, 'folder', {group}, {level}, UTC_TIMESTAMP(6))")
        })
        .collect();
    let grants = grants.join(",");
    run(
        conn,
        &format!(
            "INSERT INTO grants (id, object_id, object, group_id, level, created_at) VALUES {grants}"
        ),
    )
    .await;
    run(
        conn,
        &format!("UPDATE folders SET name = '{slug}' WHERE id = {root}"),
    )
    .await;
}

/// A member, as the control plane projects them.
pub async fn member(
    conn: &DatabaseConnection,
    slug: &str,
    member: MemberId,
    role: Role,
    external: bool,
) {
    let id = hex(member.as_uuid());
    let email = format!("{}@{slug}.example", member.as_uuid().simple());
    run(
        conn,
        &format!(
            "INSERT INTO members (id, name, email, role, external, state, version, created_at) \
             VALUES ({id}, '{slug} {role}', '{email}', '{role}', {external}, 'active', 1, \
             UTC_TIMESTAMP(6))"
        ),
    )
    .await;
}
