//! The tenant schema, by the migrator's account.

use cp_store::seal::Purpose;
use migrations::{Schema, Session, Target, expected_fingerprint};
use secrecy::ExposeSecret as _;

use super::{StepError, Workbench};

/// Brings the schema to the newest version; answers that and the fingerprint of what is there.
pub(super) async fn migrate(bench: &Workbench<'_>) -> Result<(i64, String), StepError> {
    let (server, database) = bench.place()?;
    let target = Target {
        host: server.host.clone(),
        port: server.port,
        user: database.names.migrator_user.clone(),
        password: bench
            .password(Purpose::TenantMigrator)?
            .expose_secret()
            .to_owned(),
        database: database.names.database.clone(),
    };
    let migrated = tokio::task::spawn_blocking(move || {
        let mut session = Session::open(&target)?;
        let report = session.migrate(Schema::Tenant)?;
        Ok::<_, migrations::MigrateError>((report.version, session.fingerprint()?))
    });
    let (version, fingerprint) = migrated.await??;
    if fingerprint != expected_fingerprint(Schema::Tenant) {
        tracing::warn!(tenant = %bench.tenant().id, %fingerprint, "the schema is not the expected one");
    }
    Ok((version, fingerprint))
}
