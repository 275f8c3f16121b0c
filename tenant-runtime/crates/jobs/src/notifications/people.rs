//! Whom an event concerns: from what they have to do with it to members who may see it.

use std::collections::BTreeSet;

use kernel::{Actor, MemberId};
use sea_orm::ConnectionTrait;
use tr_domain::access::Viewer;
use tr_domain::notifications::Who;
use tr_store::{
    StoreError,
    members::{MemberRow, MemberState},
    notifications::{self as store, About},
};

/// The members, whoever they are.
pub(super) async fn members(
    conn: &impl ConnectionTrait,
    who: &[Who],
    item: Option<&About>,
) -> Result<BTreeSet<MemberId>, StoreError> {
    let mut members = BTreeSet::new();
    for who in who {
        match (who, item) {
            (Who::Member(member), _) => {
                members.insert(*member);
            }
            (Who::Group(group), _) => {
                members.extend(store::custom_group_members(conn, *group).await?);
            }
            (Who::Assignee, Some(item)) => members.extend(item.present.assignee),
            (Who::Creator, Some(item)) => {
                members.insert(item.created_by);
            }
            (Who::Workers, Some(item)) => {
                if let Some(stage) = item.stage_id {
                    members.extend(store::workers(conn, stage).await?);
                }
            }
            (Who::Assignee | Who::Creator | Who::Workers, None) => {}
        }
    }
    Ok(members)
}

/// A member who is still there, as access sees them.
pub(super) async fn present(
    conn: &impl ConnectionTrait,
    member: MemberId,
) -> Result<Option<(MemberRow, Viewer)>, StoreError> {
    let row = store::person(conn, member).await?;
    Ok(row
        .filter(|row| row.state != MemberState::Archived)
        .map(|row| {
            let viewer = viewer(&row);
            (row, viewer)
        }))
}

fn viewer(row: &MemberRow) -> Viewer {
    Viewer::of(&Actor {
        member: row.id,
        role: row.role,
        external: row.external,
        session: None,
        scopes: None,
    })
}
