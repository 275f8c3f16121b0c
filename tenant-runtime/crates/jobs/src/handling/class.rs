//! A batch of a class's messages, tenant by tenant.

use std::collections::BTreeMap;

use broker::{Handler, Incoming, Verdict};
use db::{DbError, PlacementError};
use futures_util::{StreamExt, stream};
use kernel::{Generation, TenantContext, TenantId};

use super::{Effect, Workplace, batch::Batch};

/// Tenants worked on at a time, unless something is done outside, for which nobody is to queue.
const TENANTS_AT_A_TIME: usize = 8;
/// How often a tenant that is not known here is waited for; it may be on the move.
const ATTEMPTS_FOR_UNKNOWN: u32 = 3;

/// Gives messages of a class their effect.
#[derive(Debug, Clone)]
pub struct ClassHandler<E> {
    place: Workplace,
    effect: E,
}

impl<E: Effect> ClassHandler<E> {
    pub(super) const fn new(place: Workplace, effect: E) -> Self {
        Self { place, effect }
    }

    /// A verdict for each of one tenant's messages.
    async fn tenant(&self, tenant: TenantContext, messages: Vec<&Incoming>) -> Vec<Verdict> {
        let db = match self.place.pools.get(&tenant).await {
            Ok(db) => db,
            Err(error) => {
                return messages
                    .iter()
                    .map(|message| unavailable(&error, message))
                    .collect();
            }
        };
        self.place.active.note(tenant);
        let batch = Batch {
            tenant,
            db: &db,
            clock: &self.place.clock,
            effect: &self.effect,
        };
        let verdicts = batch.handle(&messages).await;
        let done = verdicts.iter().filter(|verdict| **verdict == Verdict::Done);
        self.place.nudge.room(tenant.tenant, E::CLASS, done.count());
        self.place.nudge.nudge(tenant);
        verdicts
    }

    /// Why a message can never be understood by this version of the program, if so.
    fn unknown(&self, message: &Incoming) -> Option<Verdict> {
        let envelope = &message.envelope;
        let known = self.effect.knows(&envelope.kind, envelope.version);
        (!known).then(|| {
            let (kind, version) = (&envelope.kind, envelope.version);
            Verdict::Dead(format!("unknown kind {kind:?} in version {version}"))
        })
    }
}

impl<E: Effect> Handler for ClassHandler<E> {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let mut verdicts: Vec<Option<Verdict>> =
            batch.iter().map(|message| self.unknown(message)).collect();
        let known = batch
            .iter()
            .enumerate()
            .filter(|(place, _)| verdicts.get(*place).is_some_and(Option::is_none));
        let work = by_tenant(known)
            .into_values()
            .map(|(tenant, places)| async move {
                let messages = places
                    .iter()
                    .filter_map(|place| batch.get(*place))
                    .collect();
                (self.tenant(tenant, messages).await, places)
            });
        let at_a_time = if E::ACTS {
            batch.len().max(1)
        } else {
            TENANTS_AT_A_TIME
        };
        let mut work = stream::iter(work).buffer_unordered(at_a_time);
        while let Some((answers, places)) = work.next().await {
            for (answer, place) in answers.into_iter().zip(places) {
                if let Some(verdict) = verdicts.get_mut(place) {
                    *verdict = Some(answer);
                }
            }
        }
        let missing = || Verdict::Retry("not handled".to_owned());
        verdicts
            .into_iter()
            .map(|verdict| verdict.unwrap_or_else(missing))
            .collect()
    }
}

type Places = BTreeMap<(TenantId, Generation), (TenantContext, Vec<usize>)>;

/// The places of each tenant's messages.
fn by_tenant<'m>(messages: impl Iterator<Item = (usize, &'m Incoming)>) -> Places {
    let mut tenants = Places::new();
    for (place, message) in messages {
        let tenant = message.envelope.context();
        let group = tenants.entry((tenant.tenant, tenant.generation));
        group.or_insert((tenant, Vec::new())).1.push(place);
    }
    tenants
}

/// What becomes of a message whose tenant's database cannot be had.
fn unavailable(error: &DbError, message: &Incoming) -> Verdict {
    let dead = match error {
        DbError::Generation { asked, current } => asked < current,
        DbError::Placement(PlacementError::Unknown) => message.attempt >= ATTEMPTS_FOR_UNKNOWN,
        _ => false,
    };
    if dead {
        Verdict::Dead(error.to_string())
    } else {
        Verdict::Retry(error.to_string())
    }
}
