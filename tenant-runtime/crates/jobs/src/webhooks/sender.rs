//! Sends deliveries. A row says who sends it before it is sent, and for a while nobody else may: a
//! job may be published twice. What is sent is not known to be noted until the commit: a crash in
//! between has it sent once more, with the same `webhook-id`.

use std::time::{Duration, Instant};

use broker::{Class, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use db::TenantDb;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kernel::{DeliveryId, TenantContext};
use outbound::{Excerpt, FetchError, Fetcher};
use seal::{Purpose, SealError, Sealer};
use secrecy::SecretSlice;
use serde::Deserialize;
use tr_domain::DeliveryState;
use tr_store::StoreError;
use tr_store::webhooks::{
    self as store, WebhookRow,
    deliveries::{self, Begun, DELIVER, DELIVER_VERSION, DeliveryRow},
};
use url::Url;

use super::outcome::{self, Outcome};
use super::sign::signatures;
use crate::{Effect, Work, Writing};

/// How much of an answer is kept, in bytes.
const EXCERPT: usize = 1000;
/// How long nobody else may send what somebody began to send: well over the 20 seconds that a
/// receiver may be given.
const LEASE: TimeDelta = TimeDelta::seconds(45);

/// Sends deliveries. Clones share connections.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    sealer: Option<Sealer>,
    fetcher: Fetcher,
    clock: Clock,
}

/// What came of an attempt.
#[derive(Debug, Default)]
pub enum Attempt {
    /// There was nothing to send any more.
    #[default]
    Nothing,
    /// Somebody else is sending it.
    Elsewhere,
    /// Nothing could be sent for reasons of our own.
    Hindered(String),
    /// The webhook is disabled.
    Disabled(Box<DeliveryRow>),
    /// It was sent.
    Sent(Box<Outcome>),
}

/// Why nothing was sent, though it should have been.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there are no keys for webhooks' secrets")]
    NoKeys,
    #[error("the secret cannot be opened: {0}")]
    Sealed(#[from] SealError),
    #[error("a header cannot be written")]
    Header(#[from] header::InvalidHeaderValue),
}

#[derive(Deserialize)]
struct Job {
    delivery_id: DeliveryId,
}

impl WebhookSender {
    /// Sends by `fetcher`, signed with what `sealer` opens.
    #[must_use]
    pub const fn new(sealer: Option<Sealer>, fetcher: Fetcher, clock: Clock) -> Self {
        Self {
            sealer,
            fetcher,
            clock,
        }
    }

    async fn attempt(
        &self,
        tenant: &TenantContext,
        db: &TenantDb,
        work: &Work,
        id: DeliveryId,
    ) -> Result<Attempt, Hindrance> {
        let delivery = deliveries::find(db.conn(), id).await?;
        let pending = |row: &DeliveryRow| row.state == DeliveryState::Pending;
        let Some(delivery) = delivery.filter(pending) else {
            return Ok(Attempt::Nothing);
        };
        let Some(webhook) = store::find(db.conn(), delivery.webhook_id).await? else {
            return Ok(Attempt::Nothing);
        };
        if webhook.disabled_at.is_some() {
            return Ok(Attempt::Disabled(Box::new(delivery)));
        }
        let secrets = self.secrets(tenant, &webhook)?;
        let now = self.clock.now();
        let headers = headers(&delivery, now, &secrets)?;
        match deliveries::begin(db.conn(), id, work.id, LEASE, now).await? {
            Begun::Yes => {}
            Begun::Ended => return Ok(Attempt::Nothing),
            Begun::Elsewhere => return Ok(Attempt::Elsewhere),
        }
        let outcome = self.send(&webhook, delivery, headers).await;
        Ok(Attempt::Sent(Box::new(outcome)))
    }

    /// The secrets that sign now.
    fn secrets(
        &self,
        tenant: &TenantContext,
        webhook: &WebhookRow,
    ) -> Result<Vec<SecretSlice<u8>>, Hindrance> {
        let sealer = self.sealer.as_ref().ok_or(Hindrance::NoKeys)?;
        let now = self.clock.now();
        let previous = webhook
            .previous_secret
            .as_ref()
            .filter(|_| webhook.previous_until.is_some_and(|until| until > now));
        let sealed = std::iter::once(&webhook.secret).chain(previous);
        sealed
            .map(|sealed| Ok(sealer.open(Purpose::Webhook, tenant.tenant, sealed)?))
            .collect()
    }

    async fn send(
        &self,
        webhook: &WebhookRow,
        delivery: DeliveryRow,
        headers: HeaderMap,
    ) -> Outcome {
        let begun = Instant::now();
        let answer = match Url::parse(&webhook.url) {
            Ok(url) => {
                let body = delivery.body.clone().into_bytes();
                let fetcher = &self.fetcher;
                fetcher
                    .send_for_excerpt(Method::POST, &url, headers, body, EXCERPT)
                    .await
            }
            Err(_) => Err(FetchError::Forbidden(outbound::ForbiddenAddress::NotPlain)),
        };
        let outcome = self.outcome(delivery, answer, begun.elapsed());
        let result = if outcome.error.is_none() {
            "succeeded"
        } else {
            "failed"
        };
        metrics::counter!("webhook_attempts_total", "result" => result).increment(1);
        metrics::histogram!("webhook_attempt_seconds").record(begun.elapsed());
        outcome
    }

    fn outcome(
        &self,
        delivery: DeliveryRow,
        answer: Result<Excerpt, FetchError>,
        took: Duration,
    ) -> Outcome {
        let (status, error, response, asked) = match answer {
            Ok(answer) => (
                Some(answer.status),
                refusal(answer.status).map(|refusal| refusal.to_string()),
                Some(shown(&answer.beginning)),
                wish(&answer, self.clock.now()),
            ),
            Err(error) => (None, Some(error.to_string()), None, None),
        };
        Outcome {
            delivery,
            status: status.map(|status| status.as_u16()),
            error: error.map(|error| error.chars().take(outcome::ERROR).collect()),
            response,
            took,
            asked,
            chance: rand::random(),
        }
    }
}

impl Effect for WebhookSender {
    const CLASS: Class = Class::Webhook;
    const ACTS: bool = true;
    type Acted = Attempt;

    fn knows(&self, kind: &str, version: u16) -> bool {
        kind == DELIVER && version == DELIVER_VERSION
    }

    async fn act(&self, tenant: &TenantContext, db: &TenantDb, work: &Work) -> Attempt {
        let Ok(Job { delivery_id }) = work.payload() else {
            return Attempt::Nothing;
        };
        match self.attempt(tenant, db, work, delivery_id).await {
            Ok(attempt) => attempt,
            Err(hindrance) => Attempt::Hindered(hindrance.to_string()),
        }
    }

    async fn write(
        &self,
        on: &Writing<'_>,
        work: &[(Work, Attempt)],
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut disabled = Vec::new();
        let mut verdicts = Vec::with_capacity(work.len());
        for (work, attempt) in work {
            verdicts.push(match (work.payload::<Job>(), attempt) {
                (Err(dead), _) => dead,
                (Ok(job), Attempt::Hindered(reason)) => {
                    if work.attempt >= Self::CLASS.spec().attempts {
                        outcome::give_up(on, job.delivery_id, reason).await?;
                    }
                    Verdict::Retry(reason.clone())
                }
                (Ok(_), Attempt::Elsewhere) => {
                    Verdict::Retry("somebody is sending the delivery".to_owned())
                }
                (Ok(_), Attempt::Nothing) => Verdict::Done,
                (Ok(_), Attempt::Disabled(delivery)) => {
                    outcome::drop_disabled(on, delivery).await?;
                    Verdict::Done
                }
                (Ok(_), Attempt::Sent(sent)) => {
                    disabled.extend(outcome::record(on, work, sent).await?);
                    Verdict::Done
                }
            });
        }
        // The events' numbers are locked until the commit, so that they come last.
        outcome::tell(on, disabled).await?;
        Ok(verdicts)
    }
}

fn headers(
    delivery: &DeliveryRow,
    now: DateTime<Utc>,
    secrets: &[SecretSlice<u8>],
) -> Result<HeaderMap, Hindrance> {
    let (id, at) = (delivery.id.to_string(), now.timestamp());
    let signature = signatures(&id, at, &delivery.body, secrets);
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert("webhook-id", HeaderValue::from_str(&id)?);
    headers.insert("webhook-timestamp", HeaderValue::from(at));
    headers.insert("webhook-signature", HeaderValue::from_str(&signature)?);
    Ok(headers)
}

fn refusal(status: StatusCode) -> Option<FetchError> {
    if status.is_success() {
        None
    } else if status.is_redirection() {
        Some(FetchError::Redirect)
    } else {
        Some(FetchError::Status(status.as_u16()))
    }
}

/// How long a receiver that has too much to do wants us to wait.
fn wish(answer: &Excerpt, now: DateTime<Utc>) -> Option<TimeDelta> {
    let busy = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    if !busy.contains(&answer.status) {
        return None;
    }
    let text = answer.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    match text.trim().parse::<u32>() {
        Ok(seconds) => Some(TimeDelta::seconds(seconds.into())),
        Err(_) => Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now),
    }
}

/// The beginning of an answer as text, without secrets that a receiver may show in its despair.
fn shown(bytes: &[u8]) -> String {
    const SECRET: &str = "whsec_";
    let text = String::from_utf8_lossy(bytes).replace('\0', " ");
    let mut parts = text.split(SECRET);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let of_secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        shown.push_str(SECRET);
        shown.push('…');
        shown.push_str(part.trim_start_matches(of_secret));
    }
    shown.chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shown_without_secrets_and_as_text() {
        assert_eq!(
            shown(b"bad whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=, sorry\0\xff"),
            "bad whsec_…, sorry \u{fffd}"
        );
        assert!(shown(&[0xff; EXCERPT]).chars().count() <= EXCERPT);
    }

    #[test]
    fn a_wish_is_seconds_or_a_date_of_a_receiver_that_is_busy() {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let of = |status: u16, text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            let status = StatusCode::from_u16(status).unwrap();
            let beginning = Vec::new();
            wish(
                &Excerpt {
                    status,
                    headers,
                    beginning,
                },
                now,
            )
        };
        assert_eq!(of(429, "120"), Some(TimeDelta::minutes(2)));
        let date = "Mon, 23 Nov 2026 10:05:00 GMT";
        assert_eq!(of(503, date), Some(TimeDelta::minutes(5)));
        assert_eq!(of(500, "120"), None);
        assert_eq!(of(429, "soon"), None);
    }
}
