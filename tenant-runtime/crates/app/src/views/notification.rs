//! What a member was told, and by which ways they are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kernel::{MemberId, WorkItemId};
use serde::Serialize;
use serde_json::Value;
use tr_domain::WorkItemKind;
use tr_domain::notifications::{
    MailChoice, NotificationId, OwnSettings, TenantSettings, TimeZone, Trigger,
};
use tr_store::notifications::{NotificationRow, Object};
use utoipa::ToSchema;
use uuid::Uuid;

/// One thing that the caller was told.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NotificationView {
    /// The notification; later ones have greater ids.
    #[schema(value_type = Uuid)]
    pub id: NotificationId,
    /// Why they were told, such as `assigned`.
    #[schema(value_type = String, example = "assigned")]
    pub trigger: Trigger,
    /// What sort of thing it is about: `work_item` or `folder`.
    #[schema(value_type = String, pattern = "^(work_item|folder)$")]
    pub object: Object,
    /// What it is about.
    pub object_id: Uuid,
    /// What that is called.
    pub name: String,
    /// Of a work item: its kind.
    #[schema(value_type = Option<String>, required = true)]
    pub kind: Option<WorkItemKind>,
    /// Of a work item: the grid that it lies in.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub grid_id: Option<WorkItemId>,
    /// What that is called.
    #[schema(required = true)]
    pub grid_name: Option<String>,
    /// Who did it; null when nobody did, or nobody whom the caller may know.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub actor_id: Option<MemberId>,
    /// What they are called.
    #[schema(required = true)]
    pub actor_name: Option<String>,
    /// What of it is worth telling: an outcome, dates before and after, a level.
    #[schema(value_type = Object, nullable)]
    pub detail: Value,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the caller was told.
    pub created_at: DateTime<Utc>,
    /// When they took note.
    #[schema(required = true)]
    pub read_at: Option<DateTime<Utc>>,
}

impl From<NotificationRow> for NotificationView {
    fn from(row: NotificationRow) -> Self {
        let (grid_id, grid_name) = row.grid.unzip();
        let (actor_id, actor_name) = row.actor.unzip();
        Self {
            id: row.id,
            trigger: row.trigger,
            object: row.object,
            object_id: row.object_id,
            name: row.name,
            kind: row.item_kind,
            grid_id,
            grid_name,
            actor_id,
            actor_name,
            detail: row.detail,
            occurred_at: row.occurred_at,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

/// How many are unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnreadView {
    /// How many.
    pub unread: u64,
}

/// How many were marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkedView {
    /// How many.
    pub marked: u64,
}

/// By which ways the caller is told of a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnWayView {
    /// Whether it is shown in the app.
    pub in_app: bool,
    /// Whether and when there is mail.
    #[schema(value_type = String, pattern = "^(instant|daily|off)$")]
    pub mail: MailChoice,
    /// Whether they chose so; else it is what the tenant has.
    pub chosen: bool,
    /// Whether the tenant insists on it.
    pub locked: bool,
}

/// The caller's own settings, as they hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnNotificationSettingsView {
    /// Where they live; null: where the tenant does.
    #[schema(value_type = Option<String>, required = true, example = "Europe/Berlin")]
    pub time_zone: Option<TimeZone>,
    /// At which hour of their day they get digests.
    pub digest_hour: u8,
    /// By which ways they are told, by trigger.
    #[schema(value_type = BTreeMap<String, OwnWayView>)]
    pub triggers: BTreeMap<Trigger, OwnWayView>,
    /// Of what they get no mail since they followed the link of one.
    #[schema(value_type = Vec<String>)]
    pub unsubscribed: BTreeSet<Trigger>,
}

impl OwnNotificationSettingsView {
    /// What somebody chose, where the tenant has this.
    #[must_use]
    pub fn new(tenant: &TenantSettings, own: OwnSettings) -> Self {
        let triggers = tenant.ways().map(|(trigger, way)| {
            // What is locked is told as it is decided, so that what is shown may be put back.
            let choice = if way.locked {
                way.choice
            } else {
                own.choice(tenant, trigger)
            };
            let view = OwnWayView {
                in_app: choice.in_app,
                mail: choice.mail,
                chosen: !way.locked && own.triggers.contains_key(&trigger),
                locked: way.locked,
            };
            (trigger, view)
        });
        Self {
            triggers: triggers.collect(),
            digest_hour: own.hour(tenant),
            time_zone: own.time_zone,
            unsubscribed: own.unsubscribed,
        }
    }
}

/// What the tenant has for a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DefaultWayView {
    /// Whether it is shown in the app.
    pub in_app: bool,
    /// Whether and when there is mail.
    #[schema(value_type = String, pattern = "^(instant|daily|off)$")]
    pub mail: MailChoice,
    /// Whether nobody may choose otherwise.
    pub locked: bool,
}

/// What the tenant has by default and insists on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DefaultNotificationSettingsView {
    /// How long something has to be quiet before there is mail of it.
    pub settle_seconds: u32,
    /// At which hour of their day people get digests.
    pub digest_hour: u8,
    /// How many hours before it is due somebody is reminded.
    pub remind_hours: u16,
    /// What holds for those who chose nothing, by trigger.
    #[schema(value_type = BTreeMap<String, DefaultWayView>)]
    pub triggers: BTreeMap<Trigger, DefaultWayView>,
}

impl DefaultNotificationSettingsView {
    /// What a tenant has.
    #[must_use]
    pub fn new(tenant: &TenantSettings) -> Self {
        let triggers = tenant.ways().map(|(trigger, way)| {
            let view = DefaultWayView {
                in_app: way.choice.in_app,
                mail: way.choice.mail,
                locked: way.locked,
            };
            (trigger, view)
        });
        Self {
            settle_seconds: tenant.settle_seconds,
            digest_hour: tenant.digest_hour,
            remind_hours: tenant.remind_hours,
            triggers: triggers.collect(),
        }
    }
}
