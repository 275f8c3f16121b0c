//! By which ways people are told: the caller's own settings, and what the tenant has by default
//! and insists on, which architects decide.

use std::collections::{BTreeMap, BTreeSet};

use db::TenantDb;
use kernel::RequestContext;
use tr_domain::Faults;
use tr_domain::access::Viewer;
use tr_domain::notifications::{Choice, OwnSettings, TenantSettings, TimeZone, Trigger, Way};
use tr_store::notifications as store;

use super::error::NotificationError;
use crate::error::Denied;
use crate::unit::write;
use crate::views::{DefaultNotificationSettingsView, OwnNotificationSettingsView};

/// All of the caller's own settings.
#[derive(Debug, Clone, Default)]
pub struct PutOwn {
    /// Where they live; none: where the tenant does.
    pub time_zone: Option<String>,
    /// At which hour they get digests; none: as the tenant has it.
    pub digest_hour: Option<u8>,
    /// What they choose; of the others what the tenant has holds.
    pub triggers: BTreeMap<Trigger, Choice>,
    /// Of what they want no mail, whatever is decided; none: as it is.
    pub unsubscribed: Option<BTreeSet<Trigger>>,
}

/// All of the tenant's settings.
#[derive(Debug, Clone)]
pub struct PutDefaults {
    /// How long something has to be quiet before there is mail of it.
    pub settle_seconds: u32,
    /// At which hour of their day people get digests.
    pub digest_hour: u8,
    /// How many hours before it is due somebody is reminded.
    pub remind_hours: u16,
    /// What is decided of triggers; the others are as they come.
    pub triggers: BTreeMap<Trigger, Way>,
}

/// The caller's own settings.
///
/// # Errors
/// When the database fails.
pub async fn own_settings(
    ctx: &RequestContext,
    db: &TenantDb,
) -> Result<OwnNotificationSettingsView, NotificationError> {
    let tenant = store::tenant_settings(db.conn()).await?;
    let own = store::own_settings(db.conn(), ctx.actor.member).await?;
    Ok(OwnNotificationSettingsView::new(&tenant, own))
}

/// Puts the caller's own settings in the place of those that they have.
///
/// # Errors
/// When a value is wrong or locked, or the database fails.
pub async fn put_own_settings(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PutOwn,
) -> Result<OwnNotificationSettingsView, NotificationError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let command = command.clone();
            let tenant = store::tenant_settings(unit.conn()).await?;
            let member = unit.viewer.member;
            // A link that is followed meanwhile is not undone by who did not know of it.
            let before = store::lock_own_settings(unit.conn(), member, unit.now()).await?;
            let mut faults = Faults::none();
            let time_zone = command.time_zone.map(|name| {
                let zone = name.parse::<TimeZone>();
                zone.map_err(|error| faults.add("time_zone", "unknown", error.to_string()))
            });
            let own = OwnSettings {
                time_zone: time_zone.and_then(Result::ok),
                digest_hour: command.digest_hour,
                triggers: command.triggers,
                unsubscribed: command.unsubscribed.unwrap_or(before.unsubscribed),
            };
            faults.absorb(own.check(&tenant));
            faults.into_result()?;
            store::put_settings(unit.conn(), member.as_uuid(), &own, unit.now()).await?;
            Ok(OwnNotificationSettingsView::new(&tenant, own))
        },
    )
    .await
}

/// What the tenant has by default and insists on. Guests need not know.
///
/// # Errors
/// When the caller may not, or the database fails.
pub async fn default_settings(
    ctx: &RequestContext,
    db: &TenantDb,
) -> Result<DefaultNotificationSettingsView, NotificationError> {
    may_decide(&Viewer::of(&ctx.actor))?;
    let tenant = store::tenant_settings(db.conn()).await?;
    Ok(DefaultNotificationSettingsView::new(&tenant))
}

/// Puts the tenant's settings in the place of those that it has.
///
/// # Errors
/// When the caller may not, a value is wrong, or the database fails.
pub async fn put_default_settings(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PutDefaults,
) -> Result<DefaultNotificationSettingsView, NotificationError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            may_decide(&unit.viewer)?;
            let tenant = TenantSettings {
                settle_seconds: command.settle_seconds,
                digest_hour: command.digest_hour,
                remind_hours: command.remind_hours,
                triggers: command.triggers.clone(),
            };
            tenant.check()?;
            store::put_settings(unit.conn(), store::TENANT, &tenant, unit.now()).await?;
            Ok(DefaultNotificationSettingsView::new(&tenant))
        },
    )
    .await
}

/// Architects decide.
const fn may_decide(viewer: &Viewer) -> Result<(), Denied> {
    if viewer.everything {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}
