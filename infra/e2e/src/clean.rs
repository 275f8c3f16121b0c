//! Tenants that a stack provisioned leave databases and accounts on the shared test server.

use anyhow::{Context as _, Result};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr};
use url::Url;

/// The administrator of the test server.
pub(crate) struct Admin {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Admin {
    pub(crate) fn of(url: &str) -> Result<Self> {
        let url = Url::parse(url)?;
        let password = url.password().context("the administrator has a password")?;
        Ok(Self {
            user: url.username().to_owned(),
            password: password.to_owned(),
        })
    }
}

/// Drops databases and accounts of all tenants in this central database, and the sweep accounts.
pub(crate) fn drop_tenants(central: &str) {
    let central = central.to_owned();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            // What stays behind only takes room until the server's next start.
            let _ = runtime.block_on(drop_all(&central));
        }
    };
    let _ = std::thread::spawn(work).join();
}

async fn drop_all(central: &str) -> Result<(), DbErr> {
    let conn = Database::connect(central).await?;
    let query = "SELECT database_name, runtime_user, migrator_user FROM tenant_databases";
    for row in conn.query_all_raw(statement(query)).await? {
        let name: String = row.try_get("", "database_name")?;
        conn.execute_unprepared(&format!("DROP DATABASE IF EXISTS `{name}`"))
            .await?;
        for column in ["runtime_user", "migrator_user"] {
            let user: String = row.try_get("", column)?;
            drop_account(&conn, &user).await?;
        }
    }
    let query = "SELECT user_name FROM sweep_accounts";
    for row in conn.query_all_raw(statement(query)).await? {
        let user: String = row.try_get("", "user_name")?;
        drop_account(&conn, &user).await?;
    }
    Ok(())
}

async fn drop_account(conn: &DatabaseConnection, user: &str) -> Result<(), DbErr> {
    let text = format!("DROP USER IF EXISTS `{user}`@`%`");
    conn.execute_unprepared(&text).await.map(drop)
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DatabaseBackend::MySql, sql)
}
