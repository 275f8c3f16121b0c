//! The consumer of class `activity`: turns events into entries of the activity log.
//!
//! A batch is handled tenant by tenant, each in one transaction that writes the entries and marks
//! the events done. An event that is done already is refused there, which is what makes
//! redeliveries and double publishing harmless.

mod effect;

use std::collections::BTreeMap;

use broker::{Class, Handler, Incoming, Verdict};
use clock::Clock;
use db::{DbError, PlacementError, TenantPools};
use futures_util::{StreamExt, stream};
use kernel::TenantContext;
use tr_domain::event::{Event, EventKind};

use crate::{ActiveTenants, Nudge};
use effect::{Effect, EffectError};

/// Tenants worked on at a time.
const TENANTS_AT_A_TIME: usize = 8;
/// How often a tenant that is not known here is waited for; it may be on the move.
const ATTEMPTS_FOR_UNKNOWN: u32 = 3;

/// Writes the activity log.
#[derive(Clone)]
pub struct ActivityHandler {
    pools: TenantPools,
    clock: Clock,
    active: ActiveTenants,
    nudge: Nudge,
}

impl ActivityHandler {
    /// A handler that notes which tenants are active, and tells the relay beside it of room.
    #[must_use]
    pub const fn new(
        pools: TenantPools,
        clock: Clock,
        active: ActiveTenants,
        nudge: Nudge,
    ) -> Self {
        Self {
            pools,
            clock,
            active,
            nudge,
        }
    }

    /// A verdict for each of one tenant's messages.
    async fn tenant(&self, tenant: TenantContext, messages: Vec<&Incoming>) -> Vec<Verdict> {
        let db = match self.pools.get(&tenant).await {
            Ok(db) => db,
            Err(error) => {
                return messages
                    .iter()
                    .map(|message| unavailable(&error, message))
                    .collect();
            }
        };
        self.active.note(tenant);
        let effect = Effect {
            db: &db,
            clock: &self.clock,
        };
        let verdicts = match effect.apply(&messages).await {
            Ok(verdicts) => verdicts,
            // One of them may be to blame: each for itself then.
            Err(EffectError::Statement(_)) if messages.len() > 1 => {
                let mut verdicts = Vec::with_capacity(messages.len());
                for message in &messages {
                    verdicts.extend(alone(&effect, message).await);
                }
                verdicts
            }
            Err(error) => vec![Verdict::Retry(error.to_string()); messages.len()],
        };
        self.nudge.room(tenant.tenant);
        verdicts
    }
}

async fn alone(effect: &Effect<'_>, message: &Incoming) -> Option<Verdict> {
    match effect.apply(&[message]).await {
        Ok(verdicts) => verdicts.into_iter().next(),
        Err(error) => Some(Verdict::Retry(error.to_string())),
    }
}

impl Handler for ActivityHandler {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        let mut verdicts: Vec<Option<Verdict>> = batch
            .iter()
            .map(|message| unknown(message).map(Verdict::Dead))
            .collect();
        let mut tenants: BTreeMap<_, (TenantContext, Vec<usize>)> = BTreeMap::new();
        for (place, message) in batch.iter().enumerate() {
            if verdicts.get(place).is_some_and(Option::is_none) {
                let tenant = message.envelope.context();
                let group = tenants.entry((tenant.tenant, tenant.generation));
                group.or_insert((tenant, Vec::new())).1.push(place);
            }
        }
        let work = tenants.into_values().map(|(tenant, places)| async move {
            let messages = places
                .iter()
                .filter_map(|place| batch.get(*place))
                .collect();
            (self.tenant(tenant, messages).await, places)
        });
        let mut work = stream::iter(work).buffer_unordered(TENANTS_AT_A_TIME);
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

/// Why a message can never be understood by this version of the program, if so.
fn unknown(message: &Incoming) -> Option<String> {
    let envelope = &message.envelope;
    if !EventKind::ALL
        .iter()
        .any(|kind| kind.as_str() == envelope.kind)
    {
        return Some(format!("unknown kind {:?}", envelope.kind));
    }
    (envelope.version != Event::VERSION)
        .then(|| format!("unknown version {} of {}", envelope.version, envelope.kind))
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

/// The class's name in the outbox.
const CLASS: &str = Class::Activity.name();
