//! Mail of one thing, or of a day.
//!
//! Looking, noting and sending come before the transaction in which the job is done: a row says
//! `sending` before the mail is handed over, and for a while nobody else may. Whoever finds it later
//! knows that somebody died between the two, and sends it once more: twice a crash at most.

use std::time::Duration;

use broker::Verdict;
use chrono::{DateTime, TimeDelta, Utc};
use db::TenantDb;
use kernel::MemberId;
use mailer::Mail;
use tr_app::notifications::{Link, LinkKey};
use tr_domain::notifications::{
    MailChoice, NotificationId, Settled, TenantSettings, Trigger, merge_dates, settle,
};
use tr_store::{
    StoreError, jobs,
    members::{MemberRow, MemberState},
    notifications::{self as store, Begun, Mailing, NotificationRow},
};
use uuid::Uuid;

use super::facts::{Facts, TenantFacts};
use super::jobs::{DIGEST, DigestJob, MailJob};
use super::news::{self, Reader};
use super::people;
use super::sender::MailSender;
use crate::{Work, Writing};

/// How long nobody else may send a mail that somebody began to send.
const LEASE: TimeDelta = TimeDelta::seconds(45);
/// How long the mail server may take: well within the lease, and within what a consumer that stops
/// waits for its last batch, which is acted on all at once.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many things one mail tells; the others wait for the next.
const MOST: usize = 300;

/// What became of a mail.
#[derive(Debug)]
pub enum Sending {
    /// The job cannot be understood.
    Dead(Verdict),
    /// It was not tried, and may be later.
    Later(String),
    /// What it would tell has not settled.
    NotBefore(MailJob, DateTime<Utc>),
    /// There is nothing to tell; what waited is dropped.
    Dropped(Vec<NotificationId>),
    /// It was handed over, with these; the others are dropped.
    Sent {
        /// What it told.
        told: Vec<NotificationId>,
        /// What it did not.
        dropped: Vec<NotificationId>,
    },
    /// The mail server did not take it.
    Failed {
        /// Why.
        reason: String,
        /// Whether it never will; what it would have told is dropped then.
        dropped: Option<Vec<NotificationId>>,
    },
}

impl Default for Sending {
    fn default() -> Self {
        Self::Later("not looked at".to_owned())
    }
}

impl From<StoreError> for Sending {
    fn from(error: StoreError) -> Self {
        Self::Later(error.to_string())
    }
}

/// What a job is about.
struct Wanted {
    member: MemberId,
    way: MailChoice,
    object: Option<Uuid>,
}

fn wanted(work: &Work) -> Result<Wanted, Verdict> {
    if work.kind == DIGEST {
        let DigestJob { member, .. } = work.payload()?;
        return Ok(Wanted {
            member,
            way: MailChoice::Daily,
            object: None,
        });
    }
    let MailJob { member, object } = work.payload()?;
    Ok(Wanted {
        member,
        way: MailChoice::Instant,
        object: Some(object),
    })
}

/// Sends what is still to be told, if anything.
pub(super) async fn send<F: Facts>(
    sender: &MailSender<F>,
    db: &TenantDb,
    facts: &TenantFacts,
    work: &Work,
) -> Sending {
    let wanted = match wanted(work) {
        Ok(wanted) => wanted,
        Err(dead) => return Sending::Dead(dead),
    };
    match prepare(sender.clock.now(), db, facts, work, &wanted).await {
        Ok(Prepared::Mail(ready)) => hand_over(sender, *ready).await,
        Ok(Prepared::Not(sending)) | Err(sending) => sending,
    }
}

/// A mail that may be handed over.
struct Ready {
    mail: Mail,
    unsubscribe: String,
    told: Vec<NotificationId>,
    dropped: Vec<NotificationId>,
}

enum Prepared {
    Mail(Box<Ready>),
    Not(Sending),
}

async fn prepare(
    now: DateTime<Utc>,
    db: &TenantDb,
    facts: &TenantFacts,
    work: &Work,
    wanted: &Wanted,
) -> Result<Prepared, Sending> {
    let Wanted {
        member,
        way,
        object,
    } = *wanted;
    let conn = db.conn();
    // First, so that what comes while this looks is none of its business: it has a job of its own.
    let waiting = store::waiting(conn, member, way, object, work.id).await?;
    let person = people::present(conn, member).await?;
    let person = person.filter(|(row, _)| row.state == MemberState::Active);
    let Some((person, viewer)) = person else {
        return Ok(Prepared::Not(Sending::Dropped(waiting)));
    };
    let tenant = store::tenant_settings(conn).await?;
    let own = store::own_settings(conn, member).await?;
    let mut rows = store::to_mail(conn, &viewer, way, object, work.id, MOST).await?;
    // What was not looked at waits for the next mail, even if nothing of what was is told.
    let cut = rows.len() >= MOST;
    let looked_at = if cut {
        rows.iter().map(|row| row.id).collect()
    } else {
        waiting.clone()
    };
    rows.retain(|row| {
        let choice = own.choice(&tenant, row.trigger);
        waiting.contains(&row.id) && choice.mail != MailChoice::Off
    });
    let rows = still_so(member, &rows);
    if rows.is_empty() {
        return Ok(Prepared::Not(Sending::Dropped(looked_at)));
    }
    // One that was begun tells what it was about to: no other mail does.
    if let Some(object) = object
        && let Some(then) = unsettled(&rows, &tenant, now)
        && !store::is_begun(conn, work.id).await?
    {
        let job = MailJob { member, object };
        return Ok(Prepared::Not(Sending::NotBefore(job, then)));
    }
    let told: Vec<_> = rows.iter().map(|row| row.id).collect();
    let key = match begin(db, work.id, member, &told, now).await? {
        Ok(key) => key,
        Err(Begun::Ended) => return Ok(Prepared::Not(Sending::Dropped(looked_at))),
        Err(_) => {
            let reason = "somebody is sending the mail".to_owned();
            return Ok(Prepared::Not(Sending::Later(reason)));
        }
    };
    let triggers = triggers(&rows);
    let segment = key.sign(&Link { member, triggers });
    let unsubscribe = format!("{}/unsubscribe/{segment}", facts.origin);
    let mail = composed(
        facts,
        &person,
        &rows,
        object.is_none(),
        &unsubscribe,
        work.id,
    )?;
    let dropped = looked_at.into_iter().filter(|id| !told.contains(id));
    let dropped = dropped.collect();
    Ok(Prepared::Mail(Box::new(Ready {
        mail,
        unsubscribe,
        told,
        dropped,
    })))
}

fn triggers(rows: &[NotificationRow]) -> Vec<Trigger> {
    let mut triggers: Vec<_> = rows.iter().map(|row| row.trigger).collect();
    triggers.sort_unstable();
    triggers.dedup();
    triggers
}

fn composed(
    facts: &TenantFacts,
    person: &MemberRow,
    rows: &[NotificationRow],
    digest: bool,
    unsubscribe: &str,
    id: Uuid,
) -> Result<Mail, Sending> {
    let reader = Reader {
        facts,
        name: &person.name,
        unsubscribe,
    };
    let news = news::compose(&reader, rows, digest);
    let message_id = format!("{id}@{}", facts.host);
    news.mail(person.email.as_str(), message_id)
        .map_err(|error| Sending::Later(error.to_string()))
}

/// What of it still is, changes of dates of one thing as one.
fn still_so(member: MemberId, rows: &[NotificationRow]) -> Vec<NotificationRow> {
    let dates = |object: Uuid| {
        let mut same = rows
            .iter()
            .filter(|row| row.trigger == Trigger::DatesChanged && row.object_id == object);
        (
            merge_dates(same.clone().map(|row| &row.detail)),
            same.next_back().map(|row| row.id),
        )
    };
    let merged = rows.iter().filter_map(|row| {
        let mut row = row.clone();
        if row.trigger == Trigger::DatesChanged {
            let (detail, last) = dates(row.object_id);
            if last != Some(row.id) {
                return None;
            }
            row.detail = detail;
        }
        let holds = row.trigger.holds(member, &row.detail, &row.present);
        holds.then_some(row)
    });
    merged.collect()
}

fn unsettled(
    rows: &[NotificationRow],
    tenant: &TenantSettings,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let times = rows.iter().map(|row| row.occurred_at);
    let (first, last) = (times.clone().min()?, times.max()?);
    match settle(first, last, tenant.settle_delay(), now) {
        Settled::Now => None,
        Settled::NotBefore(then) => Some(then),
    }
}

/// Notes that a mail is about to be handed over, and gives the key of its link.
async fn begin(
    db: &TenantDb,
    mail: Uuid,
    member: MemberId,
    told: &[NotificationId],
    now: DateTime<Utc>,
) -> Result<Result<LinkKey, Begun>, StoreError> {
    let tx = db.begin().await?;
    let key = match store::key(&tx).await? {
        Some(key) => key,
        None => {
            store::put_key(&tx, &rand::random()).await?;
            let made = store::key(&tx).await?;
            made.ok_or_else(|| StoreError::Unreadable("no key of links".into()))?
        }
    };
    match store::begin_mail(&tx, mail, member, LEASE, now).await? {
        Begun::Yes => {}
        other => return Ok(Err(other)),
    }
    if !store::take_into_mail(&tx, told, mail).await? {
        // Another mail tells some of it, or somebody took note meanwhile: to be looked at again.
        return Ok(Err(Begun::Elsewhere));
    }
    tx.commit().await?;
    Ok(Ok(LinkKey::new(key)))
}

async fn hand_over<F: Facts>(sender: &MailSender<F>, ready: Ready) -> Sending {
    let Ready {
        mail,
        unsubscribe,
        told,
        mut dropped,
    } = ready;
    let sending = sender.mailer.send_unsubscribable(&mail, &unsubscribe);
    let (reason, never) = match tokio::time::timeout(PATIENCE, sending).await {
        Ok(Ok(())) => {
            metrics::counter!("notification_mails_total", "outcome" => "sent").increment(1);
            return Sending::Sent { told, dropped };
        }
        Ok(Err(error)) => (error.to_string(), error.is_permanent()),
        Err(_) => ("the mail server took too long".to_owned(), false),
    };
    let outcome = if never { "refused" } else { "failed" };
    metrics::counter!("notification_mails_total", "outcome" => outcome).increment(1);
    dropped.extend(told);
    Sending::Failed {
        reason,
        dropped: never.then_some(dropped),
    }
}

/// Notes what became of a mail, in the transaction in which its job is done.
pub(super) async fn note(
    on: &Writing<'_>,
    work: &Work,
    sending: &Sending,
) -> Result<Verdict, StoreError> {
    match sending {
        Sending::Dead(verdict) => return Ok(verdict.clone()),
        Sending::Later(reason) => return Ok(Verdict::Retry(reason.clone())),
        Sending::NotBefore(job, then) => {
            jobs::schedule(on.tx, job.due(*then)?, work.traceparent.as_deref()).await?;
        }
        Sending::Dropped(ids) => store::mark_mail(on.tx, ids, Mailing::Dropped).await?,
        Sending::Sent { told, dropped } => {
            store::end_mail(on.tx, work.id, Ok(()), on.now).await?;
            store::mark_mail(on.tx, told, Mailing::Sent).await?;
            store::mark_mail(on.tx, dropped, Mailing::Dropped).await?;
        }
        Sending::Failed { reason, dropped } => {
            let outcome = Err((dropped.is_some(), reason.as_str()));
            store::end_mail(on.tx, work.id, outcome, on.now).await?;
            let Some(dropped) = dropped else {
                return Ok(Verdict::Retry(reason.clone()));
            };
            tracing::warn!(tenant.id = %on.tenant.tenant, mail = %work.id, reason, "a mail is refused");
            store::mark_mail(on.tx, dropped, Mailing::Dropped).await?;
        }
    }
    Ok(Verdict::Done)
}
