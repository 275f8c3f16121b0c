//! Rows of tenants and people.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Runs a statement.
pub async fn execute(conn: &impl ConnectionTrait, text: &str, values: Vec<Value>) {
    let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
    conn.execute_raw(statement).await.unwrap();
}

/// Changes a tenant as the fleet does.
pub async fn change_tenant(conn: &impl ConnectionTrait, tenant: Uuid, set: &str) {
    execute(
        conn,
        "UPDATE catalogue_revision SET value = value + 1",
        vec![],
    )
    .await;
    let text = format!(
        "UPDATE tenants SET {set}, revision = (SELECT value FROM catalogue_revision) WHERE id = ?"
    );
    execute(conn, &text, vec![tenant.into()]).await;
}

/// A placement group of this ring.
pub async fn placement_group(conn: &impl ConnectionTrait, ring: &str) -> Uuid {
    let id = Uuid::now_v7();
    let text = "INSERT INTO placement_groups VALUES (?, ?, ?, NOW(6))";
    execute(conn, text, vec![id.into(), ring.into(), ring.into()]).await;
    id
}

/// A tenant in service.
pub async fn tenant(conn: &impl ConnectionTrait, group: Uuid, slug: &str) -> Uuid {
    let id = Uuid::now_v7();
    let text = "INSERT INTO tenants (id, slug, name, plan, state, generation, placement_group_id, \
         revision, created_at, updated_at) VALUES (?, ?, ?, 'team', 'active', 1, ?, 0, NOW(6), NOW(6))";
    execute(
        conn,
        text,
        vec![id.into(), slug.into(), slug.into(), group.into()],
    )
    .await;
    change_tenant(conn, id, "state = 'active'").await;
    id
}

/// Somebody in a tenant.
#[derive(Debug, Clone)]
pub struct Somebody {
    pub member: Uuid,
    pub session: Uuid,
    pub cookie: String,
    pub token: String,
}

fn hash(text: &str) -> Value {
    Sha256::digest(text.as_bytes()).to_vec().into()
}

/// A member who is signed in and has a token.
pub async fn somebody(conn: &impl ConnectionTrait, tenant: Uuid) -> Somebody {
    let (person, member, session) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let later = Utc::now() + TimeDelta::hours(1);
    let text = "INSERT INTO people VALUES (?, ?, 'Somebody', NULL, NOW(6), NOW(6))";
    execute(
        conn,
        text,
        vec![person.into(), format!("{person}@example.com").into()],
    )
    .await;
    let text = "INSERT INTO memberships (member_id, tenant_id, person_id, role, external, state, \
         version, projected, created_at, updated_at) \
         VALUES (?, ?, ?, 'builder', FALSE, 'active', 1, 1, NOW(6), NOW(6))";
    execute(
        conn,
        text,
        vec![member.into(), tenant.into(), person.into()],
    )
    .await;
    let cookie = BASE64_URL_SAFE_NO_PAD.encode(
        [Uuid::new_v4(), Uuid::new_v4()]
            .map(Uuid::into_bytes)
            .concat(),
    );
    let text = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6), ?, NULL, '192.0.2.1', NULL, 'test')";
    let values = vec![
        session.into(),
        hash(&cookie),
        tenant.into(),
        member.into(),
        person.into(),
        later.into(),
    ];
    execute(conn, text, values).await;
    let mut random = [0; 32];
    random[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    let token = cp_domain::format_token(&random);
    let text = "INSERT INTO access_tokens VALUES (?, ?, ?, ?, 'test', 'work_items:read', NOW(6), ?, NULL, NULL)";
    let values = vec![
        Uuid::now_v7().into(),
        hash(&token),
        tenant.into(),
        member.into(),
        later.into(),
    ];
    execute(conn, text, values).await;
    Somebody {
        member,
        session,
        cookie,
        token,
    }
}

/// A node of a ring at an address.
pub async fn node(conn: &impl ConnectionTrait, name: &str, ring: &str, address: &str) {
    let text = "INSERT INTO runtime_nodes (id, name, ring, secret_hash, address, registered_at, \
         last_beat_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let now = Utc::now();
    let values = vec![
        Uuid::now_v7().into(),
        name.into(),
        ring.into(),
        hash(name),
        address.into(),
        now.into(),
        now.into(),
        now.into(),
    ];
    execute(conn, text, values).await;
}
