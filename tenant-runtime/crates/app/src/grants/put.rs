//! Giving a right, or changing the one that is there.

use db::TenantDb;
use kernel::RequestContext;
use tr_domain::Faults;
use tr_domain::access::{Level, Subject, group_may_hold, member_may_hold};
use tr_store::locks::lock_structure;
use tr_store::members::MemberState;
use tr_store::{grants as store, groups, members};
use uuid::Uuid;

use super::error::GrantError;
use super::object::Object;
use crate::error::Denied;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed, new_id};
use crate::views::GrantView;
use crate::work_items::grant_changes;

/// A right to give.
#[derive(Debug, Clone, Copy)]
pub struct PutGrant {
    /// On this folder or grid.
    pub object_id: Uuid,
    /// To this member or group.
    pub subject: Subject,
    /// This much.
    pub level: Level,
}

/// Gives a right. The one that the holder has on the thing is changed.
///
/// # Errors
/// When the caller may not, an external would manage, the holder is unknown, or the database fails.
pub async fn put_grant(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PutGrant,
    key: Option<Keyed<'_, GrantView>>,
) -> Result<Outcome<GrantView>, GrantError> {
    let PutGrant {
        object_id,
        subject,
        level,
    } = command;
    keyed(
        ctx,
        db,
        key,
        async || Ok(()),
        async |unit: &mut Unit<'_>, ()| {
            lock_structure(unit.conn()).await?;
            let object = Object::managed(unit.conn(), &unit.viewer, object_id).await?;
            check_subject(unit, subject, level).await?;
            let old = store::find_of(unit.conn(), object_id, subject).await?;
            let before: Vec<_> = old.iter().map(|row| (row.subject, row.level)).collect();
            match old {
                Some(row) if row.level == level => return Ok(row.into()),
                Some(row) => {
                    store::set_level(unit.conn(), row.id, level, row.revision.next()).await?;
                }
                None => {
                    let grant = (new_id(), subject, level);
                    let object = (object.kind(), object_id);
                    store::insert_all(unit.conn(), object, &[grant], unit.now()).await?;
                }
            }
            unit.emit(object.event(grant_changes(&before, &[(subject, level)])));
            let row = store::find_of(unit.conn(), object_id, subject).await?;
            Ok(row.ok_or(Denied::NotFound)?.into())
        },
    )
    .await
}

async fn check_subject(unit: &Unit<'_>, subject: Subject, level: Level) -> Result<(), GrantError> {
    let unknown = |what: &str| Faults::one("subject_id", "unknown", format!("no such {what}"));
    match subject {
        Subject::Member(id) => {
            let member = members::find(unit.conn(), &unit.viewer, id).await?;
            let member = member.filter(|member| member.state != MemberState::Archived);
            member_may_hold(member.ok_or_else(|| unknown("member"))?.external, level)?;
        }
        Subject::Group(id) => {
            let group = groups::find(unit.conn(), id)
                .await?
                .ok_or_else(|| unknown("group"))?;
            group_may_hold(group.has_external, level)?;
        }
    }
    Ok(())
}
