//! The audit log's chain: every kind of tampering is found, by the worker's chain and the command.

use std::path::PathBuf;

use chrono::TimeDelta;
use clock::Clock;
use cp_app::audit::{self, Anchor, AnchorFile, FaultKind, Keeper, Verdict};
use cp_store::{AuditActor, AuditEvent, AuditStore, StoreError};
use kernel::StaffId;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use uuid::Uuid;

use crate::{fixture::ControlPlane, program};

const ENTRIES: usize = 12;

struct Log {
    control_plane: ControlPlane,
    keeper: Keeper,
    clock: Clock,
    file: AnchorFile,
    _directory: Directory,
}

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Log {
    /// A log with entries over an hour, all chained, the head written down outside.
    async fn new() -> Self {
        let control_plane = Box::pin(ControlPlane::new()).await;
        let directory = std::env::temp_dir().join(format!("audit-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).unwrap();
        let file = AnchorFile::new(directory.join("heads"));
        let clock = testkit::clock();
        // What setting up the fixture wrote is part of the log, too.
        let central = control_plane.parts.central.clone();
        let keeper = Keeper::new(central, clock.clone(), Some(file.clone()));
        let mut log = Self {
            control_plane,
            keeper,
            clock,
            file,
            _directory: Directory(directory),
        };
        log.execute("DELETE FROM audit_log", []).await;
        for number in 0..ENTRIES {
            log.clock.advance(TimeDelta::minutes(5));
            log.write(&format!("entry {number}")).await;
        }
        assert_eq!(log.keeper.sweep().await.unwrap(), ENTRIES);
        log
    }

    async fn write(&self, reason: &str) -> Uuid {
        let id = self.clock.new_uuid();
        let event = AuditEvent {
            actor: AuditActor::Staff(StaffId::from_uuid(Uuid::nil())),
            action: "tenant.suspend",
            tenant: None,
            object: Some(Uuid::from_u128(7)),
            detail: serde_json::json!({ "reason": reason }),
            request_id: Some("a request".to_owned()),
        };
        let conn = self.control_plane.parts.central.conn();
        AuditStore::insert(conn, id, event, self.clock.now())
            .await
            .unwrap();
        id
    }

    async fn execute<const N: usize>(&self, sql: &str, values: [Value; N]) -> u64 {
        let statement = Statement::from_sql_and_values(DbBackend::MySql, sql, values);
        // As the server's administrator: the program's own account may not.
        let conn = self.control_plane.central.conn();
        conn.execute_raw(statement).await.unwrap().rows_affected()
    }

    async fn verdict(&self, anchors: &[Anchor]) -> Verdict {
        audit::verify(self.control_plane.parts.central.conn(), anchors)
            .await
            .unwrap()
    }

    /// What the chain alone tells.
    async fn found(&self) -> Vec<FaultKind> {
        let verdict = self.verdict(&[]).await;
        verdict.faults.iter().map(|fault| fault.kind).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_log_is_good_and_grows() {
    let mut log = Log::new().await;
    let anchors = log.file.read().unwrap();
    assert_eq!(anchors.len(), 1);
    let verdict = log.verdict(&anchors).await;
    assert!(verdict.is_good(), "{verdict:?}");
    assert_eq!(
        (verdict.links, verdict.anchors, verdict.waiting),
        (12, 1, 0)
    );
    // One that was written late, by a transaction that took long, still gets its place.
    log.write("new").await;
    log.clock.advance(-TimeDelta::minutes(8));
    log.write("late").await;
    let verdict = log.verdict(&anchors).await;
    assert!(verdict.is_good() && verdict.waiting == 2, "{verdict:?}");
    assert_eq!(log.keeper.sweep().await.unwrap(), 2);
    assert_eq!(log.keeper.sweep().await.unwrap(), 0);
    let anchors = log.file.read().unwrap();
    assert_eq!(anchors.last().unwrap().position, 14);
    let verdict = log.verdict(&anchors).await;
    assert!(verdict.is_good(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_entry_is_found_whatever_was_changed() {
    let log = Log::new().await;
    let changes = [
        (
            "detail = '{\"reason\":\"another\"}'",
            "detail = '{\"reason\":\"entry 0\"}'",
        ),
        (
            "actor_id = NULL",
            "actor_id = x'00000000000000000000000000000000'",
        ),
        ("action = 'tenant.resume'", "action = 'tenant.suspend'"),
        (
            "occurred_at = occurred_at + INTERVAL 1 MICROSECOND",
            "occurred_at = occurred_at - INTERVAL 1 MICROSECOND",
        ),
        ("request_id = ''", "request_id = 'a request'"),
        ("tenant_id = object_id", "tenant_id = NULL"),
    ];
    for (change, back) in changes {
        let first = "ORDER BY id LIMIT 1";
        log.execute(&format!("UPDATE audit_log SET {change} {first}"), [])
            .await;
        assert_eq!(log.found().await, [FaultKind::Changed], "{change}");
        log.execute(&format!("UPDATE audit_log SET {back} {first}"), [])
            .await;
        assert_eq!(log.found().await, [], "{back}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_entry_is_found() {
    let log = Log::new().await;
    let entry = "(SELECT audit_id FROM audit_chain WHERE position = 5)";
    log.execute(&format!("DELETE FROM audit_log WHERE id = {entry}"), [])
        .await;
    let verdict = log.verdict(&[]).await;
    assert_eq!(verdict.faults.len(), 1, "{verdict:?}");
    assert_eq!(verdict.faults[0].kind, FaultKind::EntryRemoved);
    assert_eq!(verdict.faults[0].position, Some(5));
    // Nor does it help to take its link out, too.
    log.execute("DELETE FROM audit_chain WHERE position = 5", [])
        .await;
    assert_eq!(log.found().await, [FaultKind::LinkRemoved]);
    // Nor to close the gap.
    log.execute(
        "UPDATE audit_chain SET position = position - 1 WHERE position > 5 ORDER BY position",
        [],
    )
    .await;
    assert!(log.found().await.contains(&FaultKind::Changed));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_put_into_the_past_is_found() {
    let mut log = Log::new().await;
    log.clock.advance(-TimeDelta::minutes(30));
    let id = log.write("it was like this").await;
    let verdict = log.verdict(&[]).await;
    assert_eq!(verdict.faults.len(), 1, "{verdict:?}");
    assert_eq!(verdict.faults[0].kind, FaultKind::Inserted);
    assert_eq!(verdict.faults[0].entry, Some(id));
    // The worker does not chain it either, now or later.
    assert_eq!(log.keeper.sweep().await.unwrap(), 0);
    assert_eq!(log.found().await, [FaultKind::Inserted]);
    // Nor does a link of its own help: everything after it would have to change.
    log.execute(
        "UPDATE audit_chain SET position = position + 1 WHERE position > 5 ORDER BY position DESC",
        [],
    )
    .await;
    log.execute(
        "INSERT INTO audit_chain (position, audit_id, hash, chained_at) \
         VALUES (6, ?, REPEAT('x', 32), NOW(6))",
        [id.into()],
    )
    .await;
    assert!(log.found().await.contains(&FaultKind::Changed));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_changed_places_are_found() {
    let log = Log::new().await;
    // Their contents.
    log.execute(
        "UPDATE audit_log a, audit_log b, audit_chain c, audit_chain d \
         SET a.detail = b.detail, b.detail = a.detail \
         WHERE c.position = 3 AND a.id = c.audit_id AND d.position = 4 AND b.id = d.audit_id",
        [],
    )
    .await;
    assert!(!log.found().await.is_empty());
    // Their places.
    let log = Log::new().await;
    for (from, to) in [(3, 99), (4, 3), (99, 4)] {
        log.execute(
            "UPDATE audit_chain SET position = ? WHERE position = ?",
            [to.into(), from.into()],
        )
        .await;
    }
    let found = log.found().await;
    assert_eq!(found, [FaultKind::Changed; 3], "two places and the next");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_cut_off_or_computed_anew_is_found_by_what_is_outside() {
    let mut log = Log::new().await;
    let anchors = log.file.read().unwrap();
    log.execute(
        "DELETE a, c FROM audit_log a, audit_chain c WHERE a.id = c.audit_id AND c.position > 9",
        [],
    )
    .await;
    // In itself it is whole.
    assert_eq!(log.found().await, []);
    let verdict = log.verdict(&anchors).await;
    assert_eq!(verdict.faults[0].kind, FaultKind::CutOff);
    assert_eq!(verdict.faults[0].position, Some(12));

    // Who has the database rights computes the whole chain anew.
    let mut log_again = Log::new().await;
    let anchors = log_again.file.read().unwrap();
    log_again
        .execute("UPDATE audit_log SET detail = '{}' ORDER BY id LIMIT 1", [])
        .await;
    log_again.execute("DELETE FROM audit_chain", []).await;
    assert_eq!(log_again.keeper.sweep().await.unwrap(), ENTRIES);
    assert_eq!(log_again.found().await, []);
    let verdict = log_again.verdict(&anchors).await;
    assert_eq!(verdict.faults[0].kind, FaultKind::Rewritten);
    // A head that was written down once is not written again.
    log.clock.advance(TimeDelta::hours(1));
    assert_eq!(log.keeper.sweep().await.unwrap(), 0);
    assert_eq!(log.file.read().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_at_once_make_one_chain() {
    let log = Log::new().await;
    for number in 0..40 {
        log.write(&format!("more {number}")).await;
    }
    let central = &log.control_plane.parts.central;
    let sweeps = (0..4).map(|_| {
        let mut keeper = Keeper::new(central.clone(), log.clock.clone(), None);
        async move {
            loop {
                match keeper.sweep().await {
                    Ok(_) => return,
                    Err(StoreError::Duplicate(_)) => {}
                    Err(error) if error.is_transient() => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    });
    futures_util::future::join_all(sweeps).await;
    let verdict = log.verdict(&log.file.read().unwrap()).await;
    assert!(verdict.is_good(), "{verdict:?}");
    assert_eq!((verdict.links, verdict.waiting), (52, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_whether_the_log_is_good() {
    let log = Log::new().await;
    let verify = async || {
        let mut command = program::command(&log.control_plane);
        command.args(["audit", "verify", "--anchors"]);
        command.arg(log.file.path());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    };
    let good = verify().await;
    let said = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(good.status.success(), "{said}");
    assert!(said.contains("12 entries, 1 heads"), "{said}");
    log.execute("UPDATE audit_log SET detail = '{}' ORDER BY id LIMIT 1", [])
        .await;
    let bad = verify().await;
    let said = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert!(!bad.status.success());
    assert!(said.contains("position 1, entry"), "{said}");
}
