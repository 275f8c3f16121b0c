//! Administering accounts of staff: lists, roles, closing and opening, sessions.

use cp_domain::StaffRole;
use cp_store::{
    ListedStaffSession, StaffAccount, StaffAccountStore, StaffLinkStore, StaffSessionStore,
    StoreError,
};
use kernel::{Limit, StaffId, StaffSessionId};
use sea_orm::DatabaseTransaction;
use serde_json::json;

use super::record::{By, Deed, record};
use crate::{
    Auth,
    fleet::{KeyError, Requester},
};

/// Why an account of staff is not changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffChangeError {
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// Somebody may not change their own standing.
    #[error("nobody changes their own account")]
    Oneself,
    /// Somebody has to be left who can do everything.
    #[error("the last owner stays")]
    LastOwner,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change of an account's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffChange {
    /// Another role.
    Role(StaffRole),
    /// May sign in no more; sessions and open links end.
    Disable,
    /// May sign in again.
    Enable,
}

/// Accounts by address, after one of them; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_accounts(
    auth: &Auth,
    beginning: &str,
    after: Option<&str>,
    limit: Limit,
) -> Result<Vec<StaffAccount>, StoreError> {
    let conn = auth.central.conn();
    StaffAccountStore::list(conn, beginning, after.unwrap_or_default(), limit).await
}

/// One account.
///
/// # Errors
/// When the database fails.
pub async fn find_account(auth: &Auth, id: StaffId) -> Result<Option<StaffAccount>, StoreError> {
    StaffAccountStore::find(auth.central.conn(), id).await
}

/// Changes an account's standing. Another role, and a closed account, count at once: sessions read
/// the account with each request.
///
/// # Errors
/// When it is the requester's own, the last owner's, or there is none.
pub async fn change_account(
    auth: &Auth,
    by: &By,
    id: StaffId,
    change: StaffChange,
) -> Result<StaffAccount, StaffChangeError> {
    if by.requester.staff == Some(id) {
        return Err(StaffChangeError::Oneself);
    }
    if by.answered::<StaffId>(auth).await?.is_some() {
        let account = find_account(auth, id).await?;
        return account.ok_or(StaffChangeError::Unknown);
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let owners = StaffAccountStore::lock_owners(&tx).await?;
    let account = StaffAccountStore::find(&tx, id).await?;
    let account = account.ok_or(StaffChangeError::Unknown)?;
    let loses_owner = !matches!(
        change,
        StaffChange::Enable | StaffChange::Role(StaffRole::Owner)
    );
    if loses_owner && owners == [id] {
        return Err(StaffChangeError::LastOwner);
    }
    if let Some(deed) = carry_out(auth, &tx, &account, change).await? {
        by.record(&tx, auth, deed, &id).await?;
    }
    let changed = StaffAccountStore::find(&tx, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    changed.ok_or(StaffChangeError::Unknown)
}

/// What was done; none when it was so already.
async fn carry_out(
    auth: &Auth,
    tx: &DatabaseTransaction,
    account: &StaffAccount,
    change: StaffChange,
) -> Result<Option<Deed>, StoreError> {
    let (id, now) = (account.id, auth.clock.now());
    let (changed, action, detail) = match change {
        StaffChange::Role(role) => (
            StaffAccountStore::set_role(tx, id, role).await?,
            "staff.change_role",
            json!({ "from": account.role, "to": role }),
        ),
        StaffChange::Disable => {
            let changed = StaffAccountStore::disable(tx, id, now).await?;
            StaffSessionStore::revoke_all(tx, id, now).await?;
            StaffLinkStore::revoke_of(tx, &account.email, now).await?;
            (changed, "staff.disable", json!({ "email": account.email }))
        }
        StaffChange::Enable => (
            StaffAccountStore::enable(tx, id).await?,
            "staff.enable",
            json!({ "email": account.email }),
        ),
    };
    Ok(changed.then(|| Deed {
        action,
        tenant: None,
        object: Some(id.as_uuid()),
        detail,
    }))
}

/// Sessions of an account, the newest first, before one of them; one more than the limit when more
/// follow.
///
/// # Errors
/// When the database fails.
pub async fn list_sessions(
    auth: &Auth,
    staff: StaffId,
    before: Option<StaffSessionId>,
    limit: Limit,
) -> Result<Vec<ListedStaffSession>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    StaffSessionStore::list(conn, staff, before, now, limit).await
}

/// Ends a session of an account; answers false when it has none such.
///
/// # Errors
/// When the database fails.
pub async fn end_session(
    auth: &Auth,
    requester: &Requester,
    staff: StaffId,
    session: StaffSessionId,
) -> Result<bool, StoreError> {
    let tx = auth.central.begin().await?;
    if !StaffSessionStore::revoke_own(&tx, staff, session, auth.clock.now()).await? {
        return Ok(false);
    }
    let deed = Deed {
        action: "staff.end_session",
        tenant: None,
        object: Some(staff.as_uuid()),
        detail: json!({ "session": session }),
    };
    record(&tx, auth, requester, deed).await?;
    tx.commit().await?;
    Ok(true)
}
