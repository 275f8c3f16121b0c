//! Tenants of tests: rows of the catalogue and a database that they lead to.

use cp_app::sessions::TenantHost;
use cp_store::seal::Purpose;
use kernel::{Generation, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use testkit::TestDb;
use uuid::Uuid;

use super::Stage;

/// A tenant in service.
pub struct TestTenant {
    pub host: TenantHost,
    pub database: TestDb,
}

impl TestTenant {
    pub(super) async fn create(stage: &Stage, slug: &str) -> Self {
        let id = TenantId::from_uuid(Uuid::now_v7());
        let database = TestDb::tenant(id, Generation(1)).await;
        let account = database.runtime_account().await;
        let (group, server) = (Uuid::now_v7(), Uuid::now_v7());
        let now = stage.now();
        let sealer = &stage.auth.sealer;
        let password = sealer
            .seal(Purpose::TenantRuntime, id, account.password.as_bytes())
            .unwrap();
        let group_name = format!("group-{slug}");
        stage
            .execute(
                "INSERT INTO placement_groups (id, name, ring, created_at) VALUES (?, ?, 'general', ?)",
                [group.into(), group_name.into(), now.into()],
            )
            .await;
        stage
            .execute(
                "INSERT INTO database_servers (id, name, placement_group_id, host, port, admin_user, \
                 admin_password, max_tenants, created_at) VALUES (?, ?, ?, ?, ?, 'root', '', 10, ?)",
                [
                    server.into(),
                    format!("server-{slug}").into(),
                    group.into(),
                    database.host().into(),
                    database.port().into(),
                    now.into(),
                ],
            )
            .await;
        stage
            .execute(
                "INSERT INTO tenants (id, slug, name, plan, state, generation, placement_group_id, \
                 server_id, revision, created_at, updated_at) \
                 VALUES (?, ?, ?, 'standard', 'active', 1, ?, ?, 1, ?, ?)",
                [
                    id.as_uuid().into(),
                    slug.into(),
                    name_of(slug).into(),
                    group.into(),
                    server.into(),
                    now.into(),
                    now.into(),
                ],
            )
            .await;
        // The column takes opaque names of 27 characters; those of test databases are longer.
        stage
            .execute(
                "ALTER TABLE tenant_databases MODIFY database_name VARCHAR(64) NOT NULL",
                [],
            )
            .await;
        stage
            .execute(
                "INSERT INTO tenant_databases (tenant_id, generation, server_id, database_name, nonce, \
                 runtime_user, runtime_password, migrator_user, migrator_password, created_at) \
                 VALUES (?, 1, ?, ?, '', ?, ?, '', '', ?)",
                [
                    id.as_uuid().into(),
                    server.into(),
                    database.name().into(),
                    account.user.into(),
                    password.into(),
                    now.into(),
                ],
            )
            .await;
        let host = TenantHost {
            tenant_id: id,
            slug: slug.into(),
            name: name_of(slug).into(),
        };
        Self { host, database }
    }

    pub async fn rows<const N: usize>(&self, sql: &str, values: [Value; N]) -> Vec<QueryResult> {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, values);
        self.database.conn().query_all_raw(statement).await.unwrap()
    }

    pub async fn execute<const N: usize>(&self, sql: &str, values: [Value; N]) {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, values);
        self.database.conn().execute_raw(statement).await.unwrap();
    }

    /// What the projection says of a member: role, external, state, version.
    pub async fn projected(&self, member: kernel::MemberId) -> Option<(String, bool, String, u32)> {
        let sql = "SELECT role, external, state, version FROM members WHERE id = ?";
        let rows = self.rows(sql, [member.as_uuid().into()]).await;
        let row = rows.first()?;
        Some((
            row.try_get_by_index(0).unwrap(),
            row.try_get_by_index(1).unwrap(),
            row.try_get_by_index(2).unwrap(),
            row.try_get_by_index(3).unwrap(),
        ))
    }
}

fn name_of(slug: &str) -> String {
    let (first, rest) = slug.split_at(1);
    format!("{}{rest} Ltd", first.to_uppercase())
}
