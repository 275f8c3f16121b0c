//! Telling one member one thing: in the app at once, by mail when its job is due.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::MemberId;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tr_domain::notifications::{
    MailChoice, OwnSettings, TenantSettings, Trigger, next_digest, rule,
};
use tr_store::{
    StoreError,
    notifications::{self as store, NewNotification, Object},
    outbox::Whisper,
};
use uuid::Uuid;

use super::facts::TenantFacts;
use super::jobs::{DigestJob, MailJob};

/// What there is to tell.
#[derive(Debug, Clone)]
pub(super) struct News {
    pub(super) trigger: Trigger,
    pub(super) object: Object,
    pub(super) object_id: Uuid,
    pub(super) event_number: Option<u64>,
    pub(super) actor: Option<MemberId>,
    pub(super) detail: Value,
    pub(super) occurred_at: DateTime<Utc>,
}

/// Tells members of one tenant, in one transaction.
pub(super) struct Teller<'a, C> {
    pub(super) conn: &'a C,
    pub(super) facts: &'a TenantFacts,
    pub(super) tenant: TenantSettings,
    pub(super) own: BTreeMap<MemberId, OwnSettings>,
    pub(super) now: DateTime<Utc>,
    /// What members hear of who have a page open.
    pub(super) whispers: Vec<Whisper>,
}

impl<'a, C: ConnectionTrait> Teller<'a, C> {
    /// One who knows what the tenant decided.
    pub(super) async fn new(
        conn: &'a C,
        facts: &'a TenantFacts,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            conn,
            facts,
            tenant: store::tenant_settings(conn).await?,
            own: BTreeMap::new(),
            now,
            whispers: Vec::new(),
        })
    }

    /// Tells a member who sees it. Delays count from when it happened, however long the queue was.
    /// What undoes something that nobody took note of yet takes that
    /// back instead.
    pub(super) async fn tell(&mut self, member: MemberId, news: &News) -> Result<(), StoreError> {
        let own = self.own(member).await?;
        let choice = own.choice(&self.tenant, news.trigger);
        if self.take_back(member, news).await? {
            return Ok(());
        }
        if !choice.in_app && choice.mail == MailChoice::Off {
            return Ok(());
        }
        let new = NewNotification {
            id: kernel::TypedId::from_uuid(Uuid::now_v7()),
            member,
            trigger: news.trigger,
            object: news.object,
            object_id: news.object_id,
            event_number: news.event_number,
            actor: news.actor,
            detail: news.detail.clone(),
            in_app: choice.in_app,
            mail: choice.mail,
            occurred_at: news.occurred_at,
        };
        store::insert(self.conn, &new, self.now).await?;
        if choice.in_app {
            self.whisper("notification.created", member, new.id);
        }
        match choice.mail {
            MailChoice::Off => Ok(()),
            MailChoice::Instant => {
                let object = news.object_id;
                let due_at = news.occurred_at + self.tenant.settle_delay();
                let job = MailJob { member, object };
                job.schedule(self.conn, due_at).await
            }
            MailChoice::Daily => {
                let zone = own.time_zone.unwrap_or(self.facts.zone);
                let digest = next_digest(zone, own.hour(&self.tenant), news.occurred_at);
                let date = digest.date;
                let job = DigestJob { member, date };
                job.schedule(self.conn, digest.due_at).await
            }
        }
    }

    /// Whether this undid something before anybody took note.
    async fn take_back(&mut self, member: MemberId, news: &News) -> Result<bool, StoreError> {
        let Some(undone) = rule(news.trigger).and_then(|rule| rule.undone_by) else {
            return Ok(false);
        };
        let since = news.occurred_at - self.tenant.settle_delay();
        let found = store::undoable(self.conn, member, undone, news.object_id, since).await?;
        let Some(id) = found else { return Ok(false) };
        store::withdraw(self.conn, id, self.now).await?;
        self.whisper("notification.changed", member, id);
        Ok(true)
    }

    async fn own(&mut self, member: MemberId) -> Result<OwnSettings, StoreError> {
        if let Some(own) = self.own.get(&member) {
            return Ok(own.clone());
        }
        let own = store::own_settings(self.conn, member).await?;
        self.own.insert(member, own.clone());
        Ok(own)
    }

    fn whisper(
        &mut self,
        kind: &'static str,
        member: MemberId,
        notification: tr_domain::notifications::NotificationId,
    ) {
        let id = Uuid::now_v7();
        self.whispers.push(Whisper {
            id,
            kind,
            notification,
            member,
            request: id,
        });
    }
}
