//! The effect of class `notification`.

use std::sync::Arc;

use broker::{Class, Handler, Incoming, Verdict};
use db::TenantDb;
use kernel::{TenantContext, WorkItemId};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};
use tr_domain::event::{Event, EventKind, EventPayload, ObjectType};
use tr_domain::notifications::{Trigger, Who, concerned};
use tr_store::{
    RowId, StoreError,
    notifications::{self as store, About, Object},
    outbox,
};

use super::facts::{Facts, FactsError, TenantFacts};
use super::jobs::{REMIND, VERSION};
use super::people;
use super::remind;
use super::tell::{News, Teller};
use crate::{Effect, Work, Writing};

/// Tells people in the app, and has mail sent when it is time.
#[derive(Debug, Clone)]
pub struct Notifier<F> {
    facts: Arc<F>,
}

/// What came of looking at an event or job before its transaction.
#[derive(Debug, Default)]
pub enum Acted {
    /// Nobody looked.
    #[default]
    Nothing,
    /// Nothing is known of the tenant.
    Unknown(FactsError),
    /// What is known of the tenant.
    Known(Arc<TenantFacts>),
}

impl<F: Facts> Notifier<F> {
    /// One that knows this of tenants.
    #[must_use]
    pub const fn new(facts: Arc<F>) -> Self {
        Self { facts }
    }
}

impl<F: Facts> Effect for Notifier<F> {
    const CLASS: Class = Class::Notification;
    const ACTS: bool = true;
    type Acted = Acted;

    fn knows(&self, kind: &str, version: u16) -> bool {
        kind == REMIND && version == VERSION
            || event_kind(kind).is_some() && version == Event::VERSION
    }

    async fn act(&self, tenant: &TenantContext, _: &TenantDb, _: &Work) -> Acted {
        match self.facts.of(tenant.tenant).await {
            Ok(facts) => Acted::Known(facts),
            Err(error) => Acted::Unknown(error),
        }
    }

    async fn write(
        &self,
        on: &Writing<'_>,
        work: &[(Work, Acted)],
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut verdicts = Vec::with_capacity(work.len());
        let mut teller = None;
        for (work, acted) in work {
            let facts = match acted {
                Acted::Known(facts) => facts,
                Acted::Nothing => {
                    verdicts.push(Verdict::Retry("not looked at".to_owned()));
                    continue;
                }
                Acted::Unknown(error) => {
                    verdicts.push(Verdict::Retry(error.to_string()));
                    continue;
                }
            };
            let teller = match &mut teller {
                Some(teller) => teller,
                None => teller.insert(Teller::new(on.tx, Arc::clone(facts), on.now).await?),
            };
            verdicts.push(match work.row {
                RowId::Event(number) => event(teller, work, number).await?,
                RowId::Job(_) => remind::remind(teller, work).await?,
            });
        }
        // Last, since their numbers are locked until the commit.
        if let Some(teller) = teller {
            outbox::whisper(on.tx, &teller.whispers, on.now).await?;
        }
        Ok(verdicts)
    }
}

fn event_kind(word: &str) -> Option<EventKind> {
    let kinds = EventKind::ALL.iter();
    kinds.copied().find(|kind| kind.as_str() == word)
}

/// Tells whoever an event concerns, but the one who did it.
async fn event<C: ConnectionTrait>(
    teller: &mut Teller<'_, C>,
    work: &Work,
    number: u64,
) -> Result<Verdict, StoreError> {
    let payload: EventPayload = match work.payload() {
        Ok(payload) => payload,
        Err(dead) => return Ok(dead),
    };
    let Some(kind) = event_kind(&work.kind) else {
        return Ok(Verdict::Dead(format!("unknown kind {:?}", work.kind)));
    };
    let (object, item) = match payload.object {
        ObjectType::WorkItem => {
            let id = WorkItemId::from_uuid(payload.object_id);
            match store::about(teller.conn, id).await? {
                Some(item) => (Object::WorkItem, Some(item)),
                // Deleted meanwhile: nobody sees it.
                None => return Ok(Verdict::Done),
            }
        }
        ObjectType::Folder => (Object::Folder, None),
        _ => return Ok(Verdict::Done),
    };
    let scope = item
        .as_ref()
        .map_or(payload.object_id, |item| item.grid_id.as_uuid());
    for (trigger, who) in concerned(kind, &payload, item.as_ref().map(|item| item.kind)) {
        let news = News {
            trigger,
            object,
            object_id: payload.object_id,
            event_number: Some(number),
            actor: Some(payload.actor_id),
            detail: detail(trigger, &payload),
            occurred_at: work.occurred_at,
            traceparent: work.traceparent.clone(),
        };
        tell_all(teller, &news, &who, item.as_ref(), scope).await?;
    }
    if let Some(item) = &item {
        let trace = work.traceparent.as_deref();
        remind::schedule(teller, kind, &payload, item, trace).await?;
    }
    Ok(Verdict::Done)
}

async fn tell_all<C: ConnectionTrait>(
    teller: &mut Teller<'_, C>,
    news: &News,
    who: &[Who],
    item: Option<&About>,
    scope: uuid::Uuid,
) -> Result<(), StoreError> {
    let members = people::members(teller.conn, who, item).await?;
    let others = members
        .into_iter()
        .filter(|member| news.actor != Some(*member));
    let others: Vec<_> = others.collect();
    teller.tell_who_sees(&others, scope, news).await
}

/// What of an event is worth telling.
fn detail(trigger: Trigger, event: &EventPayload) -> Value {
    let changed = |wanted: &str| {
        let mut changes = event.changes.iter();
        changes.find(|change| change.field.as_deref() == Some(wanted))
    };
    match trigger {
        Trigger::GateDecided => {
            changed("outcome").map_or(Value::Null, |change| json!({ "outcome": change.new }))
        }
        Trigger::Shared => changed("grants").map_or(
            Value::Null,
            |change| json!({ "level": change.new.get("level") }),
        ),
        Trigger::DatesChanged => {
            let dates = ["start", "finish", "deadline"]
                .into_iter()
                .filter_map(|field| {
                    let change = changed(field)?;
                    let pair = json!({ "old": change.old, "new": change.new });
                    Some((field.to_owned(), pair))
                });
            Value::Object(dates.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

/// A handler after which whoever listens looks at once.
#[derive(Debug, Clone)]
pub struct Told<H, T> {
    handler: H,
    tell: T,
}

impl<H, T> Told<H, T> {
    /// `tell` is called for every tenant of which something was handled.
    #[must_use]
    pub const fn new(handler: H, tell: T) -> Self {
        Self { handler, tell }
    }
}

impl<H: Handler, T: Fn(TenantContext) + Send + Sync + 'static> Handler for Told<H, T> {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let verdicts = self.handler.handle(batch).await;
        let mut tenants: Vec<_> = batch.iter().map(|m| m.envelope.context()).collect();
        tenants.sort_unstable_by_key(|tenant| (tenant.tenant, tenant.generation));
        tenants.dedup();
        tenants.into_iter().for_each(&self.tell);
        verdicts
    }
}
