//! Mail: queued, sealed, in the transaction of what it tells of; sent by a worker that may die at
//! any moment without losing a mail.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cp_store::{
    LeasedMail, MailOutboxStore, Person, StoreError,
    seal::{Purpose, SealError},
};
use mailer::{Mail, MailError, Mailer, SecurityNotice};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Auth;

const LEASE: TimeDelta = TimeDelta::seconds(60);
const PERIOD: Duration = Duration::from_secs(1);
const BATCH: u32 = 20;
/// Times a mail is tried before it is given up: with the back-off, for about two days.
const MAX_ATTEMPTS: u8 = 16;

/// A mail as it is kept in its envelope.
#[derive(Serialize, Deserialize)]
struct KeptMail {
    to: String,
    subject: String,
    text: String,
    html: String,
    message_id: String,
}

/// A mail could not be queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It could not be composed.
    #[error(transparent)]
    Compose(#[from] MailError),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Queues a mail in the transaction of `conn`. After the commit, wake the worker with
/// `auth.mail_nudge`.
pub(crate) async fn queue(
    conn: &impl sea_orm::ConnectionTrait,
    auth: &Auth,
    id: Uuid,
    kind: &str,
    mail: Mail,
) -> Result<(), QueueError> {
    let Mail {
        to,
        subject,
        text,
        html,
        message_id,
    } = mail;
    let kept = KeptMail {
        to,
        subject,
        text,
        html,
        message_id,
    };
    let plain = serde_json::to_vec(&kept).unwrap_or_default();
    let sealed = auth.sealer.seal(Purpose::Mail, id, &plain)?;
    MailOutboxStore::insert(conn, id, kind, sealed, auth.clock.now()).await?;
    Ok(())
}

/// Queues a notice about a person's security, in the transaction of what it tells of.
pub(crate) async fn queue_notice(
    conn: &impl sea_orm::ConnectionTrait,
    auth: &Auth,
    to: &Person,
    notice: SecurityNotice,
) -> Result<(), QueueError> {
    let id = auth.clock.new_uuid();
    let message_id = format!("{id}@{}", auth.links.base_domain());
    let mail = notice.mail(to.email.as_str(), message_id)?;
    queue(conn, auth, id, "security_notice", mail).await
}

/// Sends queued mail.
#[derive(Debug, Clone)]
pub struct Worker {
    auth: Auth,
    mailer: Mailer,
}

impl Worker {
    /// A worker that sends through this mailer.
    #[must_use]
    pub const fn new(auth: Auth, mailer: Mailer) -> Self {
        Self { auth, mailer }
    }

    /// Sends until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let rest = || async {
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = self.auth.mail_nudge.notified() => {}
            }
        };
        loop {
            match self.sweep().await {
                // A full batch: there is more.
                Ok(sent) if sent >= BATCH as usize && !shutdown.is_cancelled() => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "mail waits for the database"),
            }
            if shutdown.run_until_cancelled(rest()).await.is_none() {
                return;
            }
        }
    }

    /// Sends what is due; answers how many mails were taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.auth.clock.now();
        let tx = self.auth.central.begin().await?;
        let leased = MailOutboxStore::lease(&tx, BATCH, LEASE, now).await?;
        tx.commit().await?;
        let taken = leased.len();
        for mail in leased {
            self.deliver(mail).await?;
        }
        Ok(taken)
    }

    async fn deliver(&self, leased: LeasedMail) -> Result<(), StoreError> {
        let conn = self.auth.central.conn();
        let outcome = match self.open(&leased) {
            Some(mail) => self
                .mailer
                .send(&mail)
                .await
                .map_err(|error| Failure::of(&error)),
            None => Err(Failure {
                reason: "the envelope does not open".into(),
                permanent: true,
            }),
        };
        let now = self.auth.clock.now();
        match outcome {
            Ok(()) => {
                metrics::counter!("mail_sent_total").increment(1);
                MailOutboxStore::sent(conn, leased.id, now).await
            }
            Err(failure) => {
                metrics::counter!("mail_failed_total").increment(1);
                let again = failure.again_at(leased.attempts, now);
                let reason = failure.reason;
                tracing::warn!(mail = %leased.id, reason, again = again.is_some(), "mail was not sent");
                MailOutboxStore::failed(conn, leased.id, &reason, again).await
            }
        }
    }

    fn open(&self, leased: &LeasedMail) -> Option<Mail> {
        let plain = self
            .auth
            .sealer
            .open(Purpose::Mail, leased.id, &leased.sealed)
            .ok()?;
        let kept: KeptMail = serde_json::from_slice(plain.expose_secret()).ok()?;
        let KeptMail {
            to,
            subject,
            text,
            html,
            message_id,
        } = kept;
        Some(Mail {
            to,
            subject,
            text,
            html,
            message_id,
        })
    }
}

struct Failure {
    reason: String,
    permanent: bool,
}

impl Failure {
    /// What may be kept and logged of an error: never what the mail says.
    fn of(error: &MailError) -> Self {
        let reason = match error {
            MailError::Address(_) => "the reader's address is not one".to_owned(),
            other => other.to_string(),
        };
        Self {
            reason,
            permanent: error.is_permanent(),
        }
    }

    fn again_at(&self, attempts: u8, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let tried_enough = attempts >= MAX_ATTEMPTS;
        (!self.permanent && !tried_enough).then(|| now + back_off(attempts))
    }
}

/// 2 s, 4 s, … up to six hours.
fn back_off(attempts: u8) -> TimeDelta {
    let seconds = 1_i64
        .checked_shl(u32::from(attempts).min(15))
        .unwrap_or(i64::MAX);
    TimeDelta::seconds(seconds.min(6 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_days_and_then_given_up() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let failure = Failure {
            reason: String::new(),
            permanent: false,
        };
        assert_eq!(failure.again_at(1, now), Some(now + TimeDelta::seconds(2)));
        assert!((1..MAX_ATTEMPTS).map(back_off).sum::<TimeDelta>() > TimeDelta::hours(12));
        assert_eq!(failure.again_at(MAX_ATTEMPTS, now), None);
        assert_eq!(
            Failure {
                permanent: true,
                ..failure
            }
            .again_at(1, now),
            None
        );
    }
}
