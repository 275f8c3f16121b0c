//! The sweep account as the administrator sees it: made when it is first needed, let into each
//! tenant's database to look at few columns, and kept out again.

use cp_domain::DatabaseNames;
use kernel::TenantId;
use migrations::sweep;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{MySqlConnection, mysql::MySqlDatabaseError};

use super::{Administrator, ServerError, got_lock, safe};

/// Every worker of the runtime has one connection while it sweeps.
const CONNECTIONS: u8 = 8;
/// A statement takes milliseconds.
const STATEMENT_SECONDS: u8 = 5;
/// No such grant for the user; no such grant on the table.
const NOTHING_TO_TAKE: [u16; 2] = [1141, 1147];

impl Administrator {
    /// Takes the tenant on this server unless somebody has it.
    pub(in crate::worker) async fn take_if_free(
        mut session: MySqlConnection,
        tenant: TenantId,
    ) -> Result<Option<Self>, ServerError> {
        let name = format!("operation:{tenant}");
        let free = got_lock(&mut session, &name, 0).await?;
        Ok(free.then_some(Self { session }))
    }

    /// Lets the account look at a tenant's database; makes the account first when it is not there.
    pub(in crate::worker) async fn grant_sweep(
        &mut self,
        names: &DatabaseNames,
        user: &str,
        password: &SecretString,
    ) -> Result<(), ServerError> {
        let (database, user) = (safe(&names.database)?, safe(user)?);
        let password = safe(password.expose_secret())?;
        // Never replaced: it would lose what it was granted elsewhere.
        self.run(format!(
            "CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{password}' \
             WITH MAX_USER_CONNECTIONS {CONNECTIONS} MAX_STATEMENT_TIME {STATEMENT_SECONDS}"
        ))
        .await?;
        for grant in sweep::grants(database, &format!("'{user}'@'%'")) {
            self.run(grant).await?;
        }
        Ok(())
    }

    /// Keeps the account out of a tenant's database, of which only the name may be left: rights
    /// outlive it.
    pub(in crate::worker) async fn revoke_sweep(
        &mut self,
        names: &DatabaseNames,
        user: &str,
    ) -> Result<(), ServerError> {
        let (database, user) = (safe(&names.database)?, safe(user)?);
        for revocation in sweep::revocations(database, &format!("'{user}'@'%'")) {
            match self.run(revocation).await {
                Err(error) if has_nothing_to_take(&error) => {}
                done => done?,
            }
        }
        Ok(())
    }
}

fn has_nothing_to_take(error: &ServerError) -> bool {
    let ServerError::Sql(sqlx::Error::Database(error)) = error else {
        return false;
    };
    let error = error.try_downcast_ref::<MySqlDatabaseError>();
    error.is_some_and(|error| NOTHING_TO_TAKE.contains(&error.number()))
}
