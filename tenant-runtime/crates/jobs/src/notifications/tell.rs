//! Telling members one thing: in the app at once, by mail when its job is due. Many are told in as
//! many statements as one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use kernel::MemberId;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tr_domain::notifications::{
    Choice, MailChoice, NotificationId, OwnSettings, TenantSettings, Trigger, next_digest, rule,
};
use tr_store::{
    StoreError,
    jobs::{self, Job},
    notifications::{self as store, NewNotification, Object},
    outbox::Whisper,
};
use uuid::Uuid;

use super::facts::TenantFacts;
use super::jobs::{DigestJob, MailJob};

/// How many members are told at a time.
const AT_A_TIME: usize = 1024;

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
    pub(super) traceparent: Option<String>,
}

impl News {
    fn of(&self, member: MemberId, id: NotificationId, choice: Choice) -> NewNotification {
        NewNotification {
            id,
            member,
            trigger: self.trigger,
            object: self.object,
            object_id: self.object_id,
            event_number: self.event_number,
            actor: self.actor,
            detail: self.detail.clone(),
            in_app: choice.in_app,
            mail: choice.mail,
            occurred_at: self.occurred_at,
        }
    }
}

/// Tells members of one tenant, in one transaction.
pub(super) struct Teller<'a, C> {
    pub(super) conn: &'a C,
    pub(super) facts: Arc<TenantFacts>,
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
        facts: Arc<TenantFacts>,
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

    /// Tells those of these members who see what lies in a grid, or a folder.
    pub(super) async fn tell_who_sees(
        &mut self,
        members: &[MemberId],
        scope: Uuid,
        news: &News,
    ) -> Result<(), StoreError> {
        for some in members.chunks(AT_A_TIME) {
            let seeing = store::seeing(self.conn, some, scope).await?;
            let seeing: Vec<_> = seeing.into_iter().collect();
            if !seeing.is_empty() {
                self.tell(&seeing, news).await?;
            }
        }
        Ok(())
    }

    /// Tells members who see it. Delays count from when it happened, however long the queue was.
    /// What undoes something that nobody took note of yet takes that back instead.
    async fn tell(&mut self, members: &[MemberId], news: &News) -> Result<(), StoreError> {
        self.learn(members).await?;
        let undone = self.take_back(members, news).await?;
        let (mut told, mut jobs) = (Vec::new(), Vec::new());
        for &member in members.iter().filter(|member| !undone.contains(member)) {
            let own = self.own.get(&member).cloned().unwrap_or_default();
            let choice = own.choice(&self.tenant, news.trigger);
            if !choice.in_app && choice.mail == MailChoice::Off {
                continue;
            }
            let id = kernel::TypedId::from_uuid(Uuid::now_v7());
            told.push(news.of(member, id, choice));
            if choice.in_app {
                self.whisper("notification.created", member, id);
            }
            let mail = self.mail(member, &own, choice.mail, news)?;
            jobs.extend(mail.map(|job| (job, news.traceparent.clone())));
        }
        store::insert(self.conn, told, self.now).await?;
        jobs::schedule_all(self.conn, jobs).await
    }

    /// The mail that tells a member of it.
    fn mail(
        &self,
        member: MemberId,
        own: &OwnSettings,
        choice: MailChoice,
        news: &News,
    ) -> Result<Option<Job>, StoreError> {
        match choice {
            MailChoice::Off => Ok(None),
            MailChoice::Instant => {
                let object = news.object_id;
                let due_at = news.occurred_at + self.tenant.settle_delay();
                MailJob { member, object }.due(due_at).map(Some)
            }
            MailChoice::Daily => {
                let zone = own.time_zone.unwrap_or(self.facts.zone);
                // Not the digest of an hour that is over: there may have been one then.
                let from = news.occurred_at.max(self.now);
                let digest = next_digest(zone, own.hour(&self.tenant), from);
                let date = digest.date;
                DigestJob { member, date }.due(digest.due_at).map(Some)
            }
        }
    }

    /// For whom this undid something before they took note.
    async fn take_back(
        &mut self,
        members: &[MemberId],
        news: &News,
    ) -> Result<BTreeSet<MemberId>, StoreError> {
        let Some(undone) = rule(news.trigger).and_then(|rule| rule.undone_by) else {
            return Ok(BTreeSet::new());
        };
        let since = news.occurred_at - self.tenant.settle_delay();
        let found = store::undoable(self.conn, members, undone, news.object_id, since).await?;
        if !found.is_empty() {
            store::withdraw(self.conn, found.values().copied(), self.now).await?;
        }
        for (&member, &id) in &found {
            self.whisper("notification.changed", member, id);
        }
        Ok(found.into_keys().collect())
    }

    /// Learns what members chose of whom that is not known.
    async fn learn(&mut self, members: &[MemberId]) -> Result<(), StoreError> {
        let unknown = members
            .iter()
            .filter(|member| !self.own.contains_key(member));
        let unknown: Vec<_> = unknown.copied().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut found = store::settings_of(self.conn, &unknown).await?;
        let known = unknown.into_iter().map(|member| {
            let own = found.remove(&member).unwrap_or_default();
            (member, own)
        });
        self.own.extend(known);
        Ok(())
    }

    fn whisper(&mut self, kind: &'static str, member: MemberId, notification: NotificationId) {
        self.whispers.push(Whisper {
            id: Uuid::now_v7(),
            kind,
            notification,
            member,
        });
    }
}
