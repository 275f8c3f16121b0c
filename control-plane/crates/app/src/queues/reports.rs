//! What workers say, and what they are told.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc};
use cp_domain::Node;
use cp_node_api::{Base64, DeadLetter, QueueOrders, QueueReport, Redrive};
use cp_store::{
    DeadLetterStore, KeptReport, LetterEvent, NewDeadLetter, QueuePauseStore, QueueReportStore,
    StoreError,
};
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};

use crate::nodes::Nodes;

/// How long a report counts. Workers report every two seconds.
const FRESH: TimeDelta = TimeDelta::seconds(15);
/// How many messages a worker is told to send again at a time.
const REDRIVES: u32 = 50;
/// When a message that a worker was told to send again is given to another.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Takes a worker's report, and tells it what to do.
///
/// # Errors
/// When the database fails.
pub async fn report(
    nodes: &Nodes,
    node: &Node,
    report: QueueReport,
) -> Result<QueueOrders, StoreError> {
    let (now, ring) = (nodes.clock.now(), node.ring.as_str());
    let conn = nodes.db.conn();
    for letter in &report.redriven {
        DeadLetterStore::settle(conn, letter.id, letter.error.as_deref(), now).await?;
    }
    let text = serde_json::to_string(&report).unwrap_or_default();
    QueueReportStore::put(conn, node.id, ring, &text, now).await?;
    let mut due = Vec::new();
    if !report.redriving {
        let tx = nodes.db.begin().await?;
        due = DeadLetterStore::lease(&tx, ring, REDRIVES, LEASE, now).await?;
        tx.commit().await?;
    }
    let redrive = due.into_iter().map(|letter| Redrive {
        id: letter.id,
        class: letter.class,
        body: Base64(letter.body),
    });
    let paused = QueuePauseStore::list(conn).await?;
    Ok(QueueOrders {
        paused: paused.into_iter().map(|pause| pause.class).collect(),
        redrive: redrive.collect(),
    })
}

/// Keeps dead messages that a worker brings; those that are kept already are left as they are.
/// One that the database refuses is kept as something that is none of ours: it must not hold up
/// those behind it.
///
/// # Errors
/// When the database fails.
pub async fn keep_letters(
    nodes: &Nodes,
    node: &Node,
    letters: Vec<DeadLetter>,
) -> Result<(), StoreError> {
    let tx = nodes.db.begin().await?;
    let kept: Result<(), StoreError> = async {
        for letter in &letters {
            keep(&tx, nodes, node, letter, fingerprint(letter)).await?;
        }
        Ok(())
    }
    .await;
    match kept {
        Ok(()) => Ok(tx.commit().await?),
        Err(error) if error.is_unavailable() => Err(error),
        Err(_) => {
            tx.rollback().await?;
            keep_each(nodes, node, letters).await
        }
    }
}

/// Keeps every one for itself.
async fn keep_each(nodes: &Nodes, node: &Node, letters: Vec<DeadLetter>) -> Result<(), StoreError> {
    let conn = nodes.db.conn();
    for letter in letters {
        let fingerprint = fingerprint(&letter);
        match keep(conn, nodes, node, &letter, fingerprint).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(class = letter.class, %error, "a dead message is kept without what it says");
                let bare = DeadLetter {
                    event: None,
                    message_id: None,
                    traceparent: None,
                    died_at: None,
                    ..letter
                };
                keep(conn, nodes, node, &bare, fingerprint).await?;
            }
            kept => kept?,
        }
    }
    Ok(())
}

async fn keep(
    conn: &impl ConnectionTrait,
    nodes: &Nodes,
    node: &Node,
    letter: &DeadLetter,
    fingerprint: [u8; 32],
) -> Result<(), StoreError> {
    let (class, error) = (letter.class.as_str(), letter.error.as_str());
    let event = letter.event.as_ref();
    let new = NewDeadLetter {
        id: nodes.clock.new_uuid(),
        fingerprint,
        ring: node.ring.as_str(),
        class: letter.class.clone(),
        event: event
            .filter(|event| can_be_kept(&event.occurred_at))
            .map(|event| LetterEvent {
                tenant: event.tenant_id,
                generation: event.generation.0,
                event_id: event.event_id.as_uuid(),
                number: event.number,
                kind: event.kind.clone(),
                occurred_at: event.occurred_at,
            }),
        message_id: letter.message_id.clone(),
        body: letter.body.0.clone(),
        body_bytes: letter.body_bytes,
        error: letter.error.clone(),
        attempts: letter.attempts,
        traceparent: letter.traceparent.clone(),
        died_at: letter.died_at.filter(can_be_kept),
    };
    if DeadLetterStore::insert(conn, new, nodes.clock.now()).await? {
        tracing::warn!(class, error, "a message is dead");
        metrics::counter!("dead_letters_total", "class" => letter.class.clone()).increment(1);
    }
    Ok(())
}

/// Whether the database has such a time: no year of five digits or below zero, no leap second.
fn can_be_kept(at: &DateTime<Utc>) -> bool {
    (1000..=9999).contains(&at.year()) && at.nanosecond() < 1_000_000_000
}

/// The same for the same message, however often it is brought.
fn fingerprint(letter: &DeadLetter) -> [u8; 32] {
    let died_at = letter.died_at.map(|at| at.timestamp_micros());
    let died_at = died_at.unwrap_or_default().to_be_bytes();
    let message = letter.message_id.as_deref().unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [
        letter.class.as_bytes(),
        message.as_bytes(),
        &died_at,
        &letter.body_bytes.to_be_bytes(),
        &letter.body.0,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What a worker said.
pub(super) struct Said {
    pub ring: String,
    pub report: QueueReport,
    pub at: DateTime<Utc>,
    /// Whether it was said just now.
    pub fresh: bool,
    /// Whether it is what is known now: it is fresh, or among the last of a ring of which no worker
    /// says anything any more.
    pub counts: bool,
}

/// What the workers said last, the newest first. What another release wrote and this one cannot
/// read is left out.
pub(super) async fn said(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<Said>, StoreError> {
    let kept = QueueReportStore::list(conn).await?;
    let read = |kept: KeptReport| {
        Some(Said {
            report: serde_json::from_str(&kept.report).ok()?,
            ring: kept.ring,
            at: kept.reported_at,
            fresh: now - kept.reported_at <= FRESH,
            counts: false,
        })
    };
    let mut all: Vec<Said> = kept.into_iter().filter_map(read).collect();
    let mut newest: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for said in &mut all {
        let newest = *newest.entry(said.ring.clone()).or_insert(said.at);
        said.counts = said.fresh || (now - newest > FRESH && newest - said.at <= FRESH);
    }
    Ok(all)
}
