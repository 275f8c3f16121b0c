//! Sweep accounts. Each server has one, by which nodes learn in whose outboxes something waits. A
//! tenant lets it in when it is provisioned; those from before, and all when it may see other
//! columns than it might, are caught up with here.

mod keeper;

use cp_store::{StoreError, SweepStore, seal::Purpose};
use kernel::ServerId;
use secrecy::SecretString;

use super::steps::StepError;
use crate::fleet::{Fleet, plan_sweep_account};

/// An account with its password open.
pub(super) struct OpenAccount {
    pub user: String,
    pub password: SecretString,
}

/// The account of a server, planned when there is none: whoever comes first plans it for all.
pub(super) async fn account(fleet: &Fleet, server: ServerId) -> Result<OpenAccount, StepError> {
    let conn = fleet.central.conn();
    let mut kept = SweepStore::account(conn, server).await?;
    if kept.is_none() {
        let planned = plan_sweep_account(&fleet.sealer, server)?;
        SweepStore::keep_account(conn, &planned, fleet.clock.now()).await?;
        kept = SweepStore::account(conn, server).await?;
    }
    let kept = kept.ok_or(StoreError::Missing("sweep account"))?;
    let sealer = &fleet.sealer;
    Ok(OpenAccount {
        password: sealer.open_text(Purpose::SweepAccount, server, &kept.password)?,
        user: kept.user,
    })
}
