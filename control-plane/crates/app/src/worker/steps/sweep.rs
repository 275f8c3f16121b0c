//! The sweep account of the tenant's server is let into its database, and kept out again.

use cp_store::SweepStore;

use super::{StepError, Workbench};
use crate::worker::sweep;

/// Lets it in. The tables have to be there.
pub(super) async fn grant(bench: &mut Workbench<'_>) -> Result<(), StepError> {
    let (names, _) = bench.names()?;
    let server = bench.place()?.0.id;
    let account = sweep::account(&bench.worker.fleet, server).await?;
    let administrator = bench.administrator().await?;
    administrator
        .grant_sweep(&names, &account.user, &account.password)
        .await?;
    Ok(())
}

/// Keeps it out: the rights would outlive the database.
pub(super) async fn revoke(bench: &mut Workbench<'_>) -> Result<(), StepError> {
    let (names, _) = bench.names()?;
    let server = bench.place()?.0.id;
    let conn = bench.worker.fleet.central.conn();
    let Some(account) = SweepStore::account(conn, server).await? else {
        return Ok(());
    };
    let administrator = bench.administrator().await?;
    administrator.revoke_sweep(&names, &account.user).await?;
    Ok(())
}
