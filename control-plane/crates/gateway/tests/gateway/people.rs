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

/// Lays down a tenant's access policy as its architects do; nobody is told.
pub async fn policy(conn: &impl ConnectionTrait, tenant: Uuid, policy: &serde_json::Value) {
    let text = "INSERT INTO tenant_security (tenant_id, access_policy, revision, updated_at) \
         VALUES (?, ?, 1, NOW(6)) ON DUPLICATE KEY UPDATE access_policy = VALUES(access_policy)";
    let values = vec![tenant.into(), policy.to_string().into()];
    execute(conn, text, values).await;
    change_tenant(conn, tenant, "updated_at = NOW(6)").await;
}

/// A member of staff.
pub async fn staff(conn: &impl ConnectionTrait) -> Uuid {
    let id = Uuid::now_v7();
    let text = "INSERT INTO staff (id, email, name, password_hash, totp_secret, role, created_at) \
         VALUES (?, ?, 'Staff', '', '', 'owner', NOW(6))";
    let email = format!("{id}@staff.example");
    execute(conn, text, vec![id.into(), email.into()]).await;
    id
}

/// Puts a country on the platform's list; nobody is told.
pub async fn unsafe_country(conn: &impl ConnectionTrait, country: &str) {
    let by = staff(conn).await;
    let text = "INSERT INTO unsafe_countries VALUES (?, 'for a test', NOW(6), ?)";
    execute(conn, text, vec![country.into(), by.into()]).await;
}

/// What the audit log has of refusals: the rules, in order.
pub async fn refusals(conn: &impl ConnectionTrait) -> Vec<String> {
    let text = "SELECT JSON_VALUE(detail, '$.rule') AS rule FROM audit_log \
         WHERE action = 'access.refused' ORDER BY id";
    let statement = Statement::from_string(DbBackend::MySql, text);
    let rows = conn.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "rule").unwrap())
        .collect()
}

/// The claims of the identity that a node got, as it told of its request.
pub fn claims(seen: &serde_json::Value) -> serde_json::Value {
    let identity = seen["headers"]["x-trellis-identity"][0].as_str().unwrap();
    let payload = identity.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A tenant's connection with a provider, as a public client.
pub async fn connection(conn: &impl ConnectionTrait, tenant: Uuid, issuer: &str) -> Uuid {
    let id = Uuid::now_v7();
    let text = "INSERT INTO sso_connections (id, tenant_id, name, issuer, client_id, scopes, \
         algorithms, provisions, default_role, default_external, proves_second_factor, state, \
         revision, created_at, updated_at) VALUES (?, ?, 'Login', ?, ?, 'openid', 'RS256', FALSE, \
         'user', FALSE, FALSE, 'enabled', 1, NOW(6), NOW(6))";
    let client = testkit::TestProvider::CLIENT_ID;
    let values = vec![id.into(), tenant.into(), issuer.into(), client.into()];
    execute(conn, text, values).await;
    id
}

/// Somebody came in by a connection, as this subject in this session of the provider.
pub async fn came_by(
    conn: &impl ConnectionTrait,
    somebody: &Somebody,
    connection: Uuid,
    subject: &str,
    session: &str,
) {
    let text = "INSERT INTO sso_identities (connection_id, subject, person_id, created_at) \
         SELECT ?, ?, person_id, NOW(6) FROM sessions WHERE id = ?";
    let identity = vec![connection.into(), subject.into(), somebody.session.into()];
    execute(conn, text, identity).await;
    let text = "UPDATE sessions SET method = 'sso', connection_id = ?, provider_session = ? \
         WHERE id = ?";
    let came = vec![connection.into(), session.into(), somebody.session.into()];
    execute(conn, text, came).await;
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
    let text = "INSERT INTO people (id, email, name, created_at, updated_at) \
         VALUES (?, ?, 'Somebody', NOW(6), NOW(6))";
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
    let text = "INSERT INTO sessions (id, token_hash, tenant_id, member_id, person_id, created_at, \
         last_seen_at, expires_at, address, device) \
         VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6), ?, '192.0.2.1', 'test')";
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
    let text = "INSERT INTO access_tokens (id, token_hash, tenant_id, member_id, name, scopes, \
         created_at, expires_at) VALUES (?, ?, ?, ?, 'test', 'work_items:read', NOW(6), ?)";
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

/// An architect who is signed in.
pub async fn architect(conn: &impl ConnectionTrait, tenant: Uuid) -> Somebody {
    let somebody = somebody(conn, tenant).await;
    let text = "UPDATE memberships SET role = 'architect' WHERE member_id = ?";
    execute(conn, text, vec![somebody.member.into()]).await;
    somebody
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
