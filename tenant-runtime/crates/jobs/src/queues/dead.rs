//! Dead messages on their way from the broker to the control plane, where staff look at them.

use broker::{Class, DeadMessage, Envelope, Keeper};
use clock::Clock;
use cp_node_api::{Base64, DEAD_BODY_BYTES, DeadEvent, DeadLetter, DeadLetters, NodeApi};
use db::TenantPools;
use tokio::time::timeout;
use tr_store::{StoreError, handling};

use super::redrive::{LIMIT, current, row};
use crate::Nudge;

/// The most characters of why a message died. What somebody publishes by hand can say more, and a
/// batch has to fit into a request.
const MAX_ERROR: usize = 1000;

/// Keeps dead messages through the node API.
#[derive(Clone)]
pub struct DeadLetterKeeper {
    api: NodeApi,
    pools: TenantPools,
    clock: Clock,
    nudge: Nudge,
}

impl DeadLetterKeeper {
    /// A keeper beside a relay; its pools are asked for the rows of the dead.
    #[must_use]
    pub const fn new(api: NodeApi, pools: TenantPools, clock: Clock, nudge: Nudge) -> Self {
        Self {
            api,
            pools,
            clock,
            nudge,
        }
    }

    /// Marks the row of a message that the broker took out, as nobody else could: so that the
    /// relay does not send it again. When that fails it comes here once more. A message of an older
    /// generation is dead, its event is not: that is sent under the generation of now.
    async fn mark(&self, class: &'static str, envelope: &Envelope) {
        let Ok((db, tenant)) = current(&self.pools, envelope).await else {
            return;
        };
        let marked: Result<(), StoreError> = async {
            let rows = [row(envelope)];
            let found = handling::read(db.conn(), class, &rows).await?;
            if !found.iter().any(|row| row.id == envelope.id.as_uuid()) {
                return Ok(());
            }
            if tenant.generation == envelope.generation {
                handling::mark_dead(db.conn(), class, &rows, self.clock.now()).await?;
            } else if handling::revive(db.conn(), class, &rows).await? > 0 {
                self.nudge.nudge(tenant);
            }
            Ok(())
        }
        .await;
        if let Err(error) = marked {
            tracing::warn!(tenant.id = %envelope.tenant, class, %error, "a dead event is not marked");
        }
    }
}

impl Keeper for DeadLetterKeeper {
    async fn keep(&self, dead: Vec<DeadMessage>) -> Result<(), String> {
        let mut letters = Vec::with_capacity(dead.len());
        for dead in dead {
            let of = dead.of;
            let (letter, envelope) = letter(dead);
            // First, so that whoever sends it again finds it marked, and clears that.
            if let (Some(envelope), Some(class)) = (&envelope, of) {
                let marked = timeout(LIMIT, self.mark(class.name(), envelope)).await;
                if marked.is_err() {
                    tracing::warn!(tenant.id = %envelope.tenant, "a dead event is not marked in time");
                }
            }
            letters.push(letter);
        }
        let count = letters.len() as u64;
        let kept = self.api.keep_dead_letters(&DeadLetters { letters }).await;
        kept.map_err(|error| error.to_string())?;
        metrics::counter!("dead_letters_kept_total").increment(count);
        Ok(())
    }
}

/// Staff find a letter under the class whose message it is, which is who takes it when it is sent
/// again, even where no queue was for it: that is in its error.
fn letter(dead: DeadMessage) -> (DeadLetter, Option<Envelope>) {
    let envelope = envelope(&dead.body);
    let body_bytes = dead.body.len() as u64;
    let mut body = dead.body;
    body.truncate(DEAD_BODY_BYTES);
    let letter = DeadLetter {
        class: dead.of.map_or(dead.class, Class::name).to_owned(),
        body: Base64(body),
        body_bytes,
        message_id: dead.message_id,
        error: dead.reason.chars().take(MAX_ERROR).collect(),
        attempts: dead.attempts,
        traceparent: dead.traceparent,
        died_at: dead.died_at,
        event: envelope.as_ref().map(|envelope| DeadEvent {
            tenant_id: envelope.tenant,
            generation: envelope.generation,
            event_id: envelope.id,
            number: envelope.number,
            kind: envelope.kind.clone(),
            occurred_at: envelope.occurred_at,
        }),
    };
    (letter, envelope)
}

fn envelope(body: &[u8]) -> Option<Envelope> {
    let small = body.len() <= Envelope::MAX_BYTES;
    small.then(|| serde_json::from_slice(body).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(body: Vec<u8>) -> DeadMessage {
        DeadMessage {
            class: "activity",
            of: Some(Class::Activity),
            body,
            message_id: None,
            kind: None,
            traceparent: None,
            reason: "a test".to_owned(),
            attempts: 1,
            died_at: None,
        }
    }

    #[test]
    fn of_a_huge_body_the_beginning_is_kept_and_its_length() {
        let (letter, envelope) = letter(dead(vec![b'x'; 10 * 1024 * 1024]));
        assert_eq!(letter.body.0.len(), DEAD_BODY_BYTES);
        assert_eq!(letter.body_bytes, 10 * 1024 * 1024);
        assert_eq!((letter.event, envelope), (None, None));
    }
}
