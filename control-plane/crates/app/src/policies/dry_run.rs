//! Who a draft would refuse, if everybody came again now from where they were last.

use std::net::IpAddr;

use cp_domain::{
    StaffRole,
    access_policy::{PlatformPolicies, Refusal, TenantPolicy, TenantRolePolicy, Visit, Who, Zone},
};
use cp_store::{LastStaffVisit, LastVisit, LastVisitStore};
use kernel::MemberId;

use super::{PolicyError, PolicyWriter, check::address_of, find_tenant_policy};
use crate::{Auth, Client};

/// How many are read at a time.
const BATCH: u64 = 500;
/// How many names are told; beyond, they are counted.
const NAMED: usize = 100;

/// Somebody whom a draft refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// The member or the member of staff.
    pub id: uuid::Uuid,
    /// What they are called.
    pub name: String,
    /// The tenant's slug; none for staff.
    pub tenant: Option<String>,
    /// Where they were last.
    pub address: String,
    /// The rule that would fire.
    pub refusal: Refusal,
}

/// What a draft would do to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Myself {
    /// The rule that would fire, if any.
    pub refusal: Option<Refusal>,
}

/// What a draft would do to people.
#[derive(Debug, Clone, Default)]
pub struct DryRun {
    /// How many were looked at.
    pub checked: u64,
    /// How many of them would be refused.
    pub refused: u64,
    /// How many have never come, so that nobody knows from where they would.
    pub never_came: u64,
    /// How many tokens there are, of which nobody knows from where they are used.
    pub tokens: u64,
    /// The first of those who would be refused.
    pub first: Vec<Affected>,
    /// What it would do to whoever asks.
    pub myself: Option<Myself>,
}

/// What a draft would do to staff.
pub type StaffDryRun = DryRun;

/// Tries a draft of a tenant's policy on its members.
///
/// # Errors
/// When the caller is no architect, the draft means nothing, or the database fails.
pub async fn try_tenant_policy(
    auth: &Auth,
    by: PolicyWriter<'_>,
    draft: &TenantRolePolicy,
) -> Result<DryRun, PolicyError> {
    draft.check()?;
    let zone = find_tenant_policy(auth, by.session).await?.zone;
    let platform = auth.access.refresh().await?;
    let draft = TenantPolicy::Rules(Box::new(draft.clone()));
    let ask = |who, visit: &Visit| platform.admit(&draft, zone, who, visit);
    let (tenant, conn) = (by.session.tenant_id, auth.central.conn());
    let mut run = DryRun {
        tokens: LastVisitStore::count_tokens(conn, tenant, auth.clock.now()).await?,
        ..DryRun::default()
    };
    let mut after = None;
    loop {
        let batch = LastVisitStore::list_of_tenant(conn, tenant, after, BATCH).await?;
        after = batch.last().map(|visit| visit.member);
        run.look_at(auth, &batch, &ask);
        if !is_full(&batch) {
            break;
        }
    }
    let mine = auth.access.visit(address_of(by.client), auth.clock.now());
    let who = Who::person(by.session.role, by.session.external);
    run.myself = Some(Myself {
        refusal: ask(who, &mine).err(),
    });
    Ok(run)
}

/// Tries what the platform would lay down on the members of all tenants, apart from the tenants' own
/// policies.
///
/// # Errors
/// When the draft means nothing or the database fails.
pub async fn try_platform_policy(
    auth: &Auth,
    change: impl FnOnce(&mut PlatformPolicies) + Send,
) -> Result<DryRun, super::PlatformError> {
    let mut draft = auth.access.refresh().await?.as_ref().clone();
    change(&mut draft);
    draft.people.check()?;
    let ask = |who, visit: &Visit| draft.admit(&TenantPolicy::None, Zone::UTC, who, visit);
    let conn = auth.central.conn();
    let mut run = DryRun::default();
    let mut after: Option<MemberId> = None;
    loop {
        let batch = LastVisitStore::list(conn, after, BATCH).await?;
        after = batch.last().map(|visit| visit.member);
        run.look_at(auth, &batch, &ask);
        if !is_full(&batch) {
            return Ok(run);
        }
    }
}

/// Tries what the platform would lay down on staff, whoever asks among them.
///
/// # Errors
/// When the draft means nothing or the database fails.
pub async fn try_staff_policy(
    auth: &Auth,
    (role, client): (StaffRole, &Client),
    change: impl FnOnce(&mut PlatformPolicies) + Send,
) -> Result<StaffDryRun, super::PlatformError> {
    let mut draft = auth.access.refresh().await?.as_ref().clone();
    change(&mut draft);
    draft.staff.check()?;
    let mut run = StaffDryRun::default();
    for staff in LastVisitStore::list_staff(auth.central.conn()).await? {
        run.look_at_staff(auth, &draft, &staff);
    }
    let mine = auth.access.visit(address_of(client), auth.clock.now());
    run.myself = Some(Myself {
        refusal: draft.admit_staff(role, &mine).err(),
    });
    Ok(run)
}

fn is_full(batch: &[LastVisit]) -> bool {
    u64::try_from(batch.len()).unwrap_or(u64::MAX) >= BATCH
}

impl DryRun {
    fn look_at(
        &mut self,
        auth: &Auth,
        batch: &[LastVisit],
        ask: &impl Fn(Who<kernel::Role>, &Visit) -> Result<(), Refusal>,
    ) {
        for visit in batch {
            let who = Who::person(visit.role, visit.external);
            let named = (
                visit.member.as_uuid(),
                visit.name.as_str(),
                Some(visit.slug.as_str()),
            );
            self.judge(auth, named, visit.address.as_deref(), |visit| {
                ask(who, visit)
            });
        }
    }

    fn look_at_staff(&mut self, auth: &Auth, draft: &PlatformPolicies, staff: &LastStaffVisit) {
        // One whose role this release does not know cannot come in anyway.
        let Ok(role) = staff.role.parse::<StaffRole>() else {
            return;
        };
        let named = (staff.staff_id, staff.name.as_str(), None);
        let ask = |visit: &Visit| draft.admit_staff(role, visit);
        self.judge(auth, named, staff.address.as_deref(), ask);
    }

    fn judge(
        &mut self,
        auth: &Auth,
        (id, name, tenant): (uuid::Uuid, &str, Option<&str>),
        address: Option<&str>,
        ask: impl FnOnce(&Visit) -> Result<(), Refusal>,
    ) {
        self.checked += 1;
        let Some(address) = address else {
            self.never_came += 1;
            return;
        };
        let from = address.parse::<IpAddr>().ok().map(|ip| auth.access.at(ip));
        let Err(refusal) = ask(&auth.access.visit(from, auth.clock.now())) else {
            return;
        };
        self.refused += 1;
        if self.first.len() < NAMED {
            self.first.push(Affected {
                id,
                name: name.to_owned(),
                tenant: tenant.map(str::to_owned),
                address: address.to_owned(),
                refusal,
            });
        }
    }
}
