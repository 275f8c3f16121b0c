//! What every tenant starts with, in one transaction of the runtime's own account: all of it is
//! there, or nothing.

use cp_store::seal::Purpose;
use kernel::Role;
use sqlx::{Acquire as _, MySqlConnection, Row as _};
use uuid::Uuid;

use super::{StepError, Workbench};
use crate::{
    fleet::ProvisionInput,
    worker::server::{Login, ServerError},
};

/// The system groups: their word, their name, their level on the root folder.
const GROUPS: [(&str, &str, Option<u8>); 5] = [
    ("architects", "Architects", Some(3)),
    ("builders", "Builders", Some(2)),
    ("users", "Users", Some(1)),
    ("internal", "Internal", None),
    ("external", "External", None),
];
/// The labels to begin with.
const LABELS: [(&str, &str); 4] = [
    ("Urgent", "#b3261e"),
    ("Blocked", "#7a4d00"),
    ("Decision", "#0b5cad"),
    ("Quick win", "#1a6b34"),
];

pub(super) async fn seed(bench: &Workbench<'_>) -> Result<(), StepError> {
    let (server, database) = bench.place()?;
    let password = bench.password(Purpose::TenantRuntime)?;
    let login = Login {
        host: &server.host,
        port: server.port,
        user: &database.names.runtime_user,
        password: &password,
        database: Some(&database.names.database),
    };
    let mut session = login.connect().await?;
    if !is_seeded(&mut session, bench).await? {
        write(&mut session, bench).await?;
    }
    sqlx::Connection::close(session)
        .await
        .map_err(ServerError::from)?;
    Ok(())
}

async fn is_seeded(
    session: &mut MySqlConnection,
    bench: &Workbench<'_>,
) -> Result<bool, StepError> {
    let owner = sqlx::query("SELECT tenant_id, generation FROM tenant")
        .fetch_optional(session)
        .await
        .map_err(ServerError::from)?;
    let Some(owner) = owner else { return Ok(false) };
    let tenant: Uuid = owner.try_get(0).map_err(ServerError::from)?;
    let generation: u32 = owner.try_get(1).map_err(ServerError::from)?;
    let ours = bench.tenant().context();
    if tenant != ours.tenant.as_uuid() || generation != ours.generation.0 {
        return Err(StepError::ForeignDatabase);
    }
    Ok(true)
}

async fn write(session: &mut MySqlConnection, bench: &Workbench<'_>) -> Result<(), StepError> {
    let input: ProvisionInput = serde_json::from_str(&bench.input)?;
    let clock = &bench.worker.fleet.clock;
    let (now, root) = (clock.now(), clock.new_uuid());
    let groups: Vec<Uuid> = GROUPS.iter().map(|_| clock.new_uuid()).collect();
    let tenant = bench.tenant();
    let fingerprint = tenant.schema_fingerprint.clone().unwrap_or_default();
    let written = async {
        let mut tx = session.begin().await?;
        sqlx::query(
            "INSERT INTO tenant (id, tenant_id, generation, schema_fingerprint, root_folder_id) \
             VALUES (1, ?, ?, ?, ?)",
        )
        .bind(tenant.id.as_uuid())
        .bind(tenant.generation.0)
        .bind(fingerprint)
        .bind(root)
        .execute(&mut *tx)
        .await?;
        sqlx::raw_sql("INSERT IGNORE INTO event_counter (id, value) VALUES (1, 0)")
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO folders (id, name, position, revision, created_at, updated_at) \
             VALUES (?, ?, 0, 1, ?, ?)",
        )
        .bind(root)
        .bind(&tenant.name)
        .bind(now)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        insert_groups(&mut tx, &groups, now).await?;
        insert_grants(&mut tx, root, &groups, clock, now).await?;
        insert_labels(&mut tx, clock, now).await?;
        sqlx::query(
            "INSERT INTO members (id, name, email, role, external, state, version, created_at) \
             VALUES (?, ?, ?, ?, FALSE, 'invited', 1, ?)",
        )
        .bind(input.member_id.as_uuid())
        .bind(&input.architect.name)
        .bind(input.architect.email.as_str())
        .bind(Role::Architect.as_str())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    };
    written.await.map_err(ServerError::from)?;
    Ok(())
}

type Now = chrono::DateTime<chrono::Utc>;

async fn insert_groups(
    tx: &mut MySqlConnection,
    ids: &[Uuid],
    now: Now,
) -> Result<(), sqlx::Error> {
    let mut insert = sqlx::QueryBuilder::new(
        "INSERT INTO member_groups (id, system, name, revision, created_at) ",
    );
    insert.push_values(GROUPS.iter().zip(ids), |mut row, ((word, name, _), id)| {
        row.push_bind(*id)
            .push_bind(*word)
            .push_bind(*name)
            .push_bind(1)
            .push_bind(now);
    });
    insert.build().execute(tx).await.map(drop)
}

async fn insert_grants(
    tx: &mut MySqlConnection,
    root: Uuid,
    groups: &[Uuid],
    clock: &clock::Clock,
    now: Now,
) -> Result<(), sqlx::Error> {
    let granted = GROUPS
        .iter()
        .zip(groups)
        .filter_map(|((_, _, level), id)| Some(((*level)?, id)));
    let mut insert = sqlx::QueryBuilder::new(
        "INSERT INTO grants (id, object_id, object, group_id, level, created_at) ",
    );
    insert.push_values(granted, |mut row, (level, group)| {
        row.push_bind(clock.new_uuid())
            .push_bind(root)
            .push_bind("folder");
        row.push_bind(*group).push_bind(level).push_bind(now);
    });
    insert.build().execute(tx).await.map(drop)
}

async fn insert_labels(
    tx: &mut MySqlConnection,
    clock: &clock::Clock,
    now: Now,
) -> Result<(), sqlx::Error> {
    let mut insert =
        sqlx::QueryBuilder::new("INSERT INTO labels (id, name, colour, revision, created_at) ");
    insert.push_values(LABELS, |mut row, (name, colour)| {
        row.push_bind(clock.new_uuid())
            .push_bind(name)
            .push_bind(colour);
        row.push_bind(1).push_bind(now);
    });
    insert.build().execute(tx).await.map(drop)
}
