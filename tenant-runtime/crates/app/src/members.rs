//! Members, read: the control plane writes them.

use db::TenantDb;
use kernel::{Cursor, Limit, MemberId, Page, RequestContext};
use tr_domain::Faults;
use tr_domain::access::Viewer;
use tr_store::StoreError;
use tr_store::members::{self as store, MemberState};

use crate::error::Denied;
use crate::page::{cursor, page, place};
use crate::views::MemberView;

/// Why members are not read.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// Not there.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The cursor is wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which members.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// With this text in name or address.
    pub q: Option<String>,
    /// In this state.
    pub state: Option<MemberState>,
    /// How many.
    pub limit: Limit,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// The members whom the caller knows, by name: guests know the people who share content with them.
///
/// # Errors
/// When the cursor is wrong, or the database fails.
pub async fn list_members(
    ctx: &RequestContext,
    db: &TenantDb,
    filter: MemberFilter,
) -> Result<Page<MemberView>, MemberError> {
    let viewer = Viewer::of(&ctx.actor);
    let after = place(filter.cursor.as_ref())?;
    let q = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let rows = store::list(db.conn(), &viewer, filter.state, q, after, filter.limit).await?;
    Ok(page(rows, filter.limit, |row| cursor(&(&row.name, row.id))))
}

/// A member whom the caller knows.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn get_member(
    ctx: &RequestContext,
    db: &TenantDb,
    id: MemberId,
) -> Result<MemberView, MemberError> {
    let viewer = Viewer::of(&ctx.actor);
    Ok(store::find(db.conn(), &viewer, id)
        .await?
        .ok_or(Denied::NotFound)?
        .into())
}
