//! What clients send about notifications.

use std::collections::{BTreeMap, BTreeSet};

use garde::Validate;
use kernel::{Cursor, Limit};
use serde::{Deserialize, Serialize};
use tr_app::notifications::{NotificationFilter, PutDefaults, PutOwn};
use tr_domain::notifications::{Choice, MailChoice, NotificationId, Trigger, Way};
use utoipa::{IntoParams, ToSchema};

use crate::schema;

/// Which notifications.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationQuery {
    /// Only those that are not read.
    unread: bool,
    /// How many, 1 to 200.
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

impl From<NotificationQuery> for NotificationFilter {
    fn from(query: NotificationQuery) -> Self {
        let NotificationQuery {
            unread,
            limit,
            cursor,
        } = query;
        Self {
            unread,
            limit,
            cursor,
        }
    }
}

/// Up to where the caller has read.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct ReadUpTo {
    /// The latest notification that they have seen; what comes meanwhile stays unread.
    #[schema(value_type = Uuid)]
    pub(super) up_to: NotificationId,
}

/// By which ways the caller wants to be told of a trigger.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct WayChoice {
    /// Whether it is shown in the app.
    in_app: bool,
    /// Whether and when there is mail.
    #[schema(value_type = schema::MailChoiceWord)]
    mail: MailChoice,
}

impl From<WayChoice> for Choice {
    fn from(WayChoice { in_app, mail }: WayChoice) -> Self {
        Self { in_app, mail }
    }
}

/// All of the caller's own settings. What is left out is as the tenant has it.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct OwnNotificationSettings {
    /// The IANA name of the zone in which they live; null: where the tenant does.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// At which hour of their day they get digests; null: as the tenant has it.
    #[schema(minimum = 0, maximum = 23)]
    digest_hour: Option<u8>,
    /// What they choose, by trigger.
    #[schema(value_type = BTreeMap<String, WayChoice>)]
    triggers: BTreeMap<Trigger, WayChoice>,
    /// Of what they want no mail, even where the tenant insists on it. Left out: as it is, so that
    /// the link of a mail keeps its promise.
    #[schema(value_type = Vec<String>)]
    unsubscribed: Option<BTreeSet<Trigger>>,
}

impl From<OwnNotificationSettings> for PutOwn {
    fn from(body: OwnNotificationSettings) -> Self {
        let triggers = body.triggers.into_iter();
        Self {
            time_zone: body.time_zone,
            digest_hour: body.digest_hour,
            triggers: triggers.map(|(word, way)| (word, way.into())).collect(),
            unsubscribed: body.unsubscribed,
        }
    }
}

/// What the tenant has for a trigger.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct DefaultWay {
    /// Whether it is shown in the app.
    in_app: bool,
    /// Whether and when there is mail.
    #[schema(value_type = schema::MailChoiceWord)]
    mail: MailChoice,
    /// Whether nobody may choose otherwise.
    #[serde(default)]
    locked: bool,
}

/// All of the tenant's settings. Triggers that are left out are as they come.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct DefaultNotificationSettings {
    /// How long something has to be quiet before there is mail of it.
    #[schema(maximum = 3600)]
    settle_seconds: u32,
    /// At which hour of their day people get digests.
    #[schema(maximum = 23)]
    digest_hour: u8,
    /// How many hours before it is due somebody is reminded.
    #[schema(minimum = 1, maximum = 336)]
    remind_hours: u16,
    /// What holds for those who choose nothing, by trigger.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, DefaultWay>)]
    triggers: BTreeMap<Trigger, DefaultWay>,
}

impl From<DefaultNotificationSettings> for PutDefaults {
    fn from(body: DefaultNotificationSettings) -> Self {
        let triggers = body.triggers.into_iter().map(|(trigger, way)| {
            let DefaultWay {
                in_app,
                mail,
                locked,
            } = way;
            let choice = Choice { in_app, mail };
            (trigger, Way { choice, locked })
        });
        Self {
            settle_seconds: body.settle_seconds,
            digest_hour: body.digest_hour,
            remind_hours: body.remind_hours,
            triggers: triggers.collect(),
        }
    }
}
