//! The hash of a link: SHA-256 over the hash before, the position and every column of the entry.

use cp_store::AuditEntry;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The hash that the first link follows.
pub(super) const START: [u8; 32] = [0; 32];
/// Says what is hashed, and in which form; another form gets another word.
const FORM: &[u8] = b"trellis audit link 1";

/// The hash of a link. Each part goes in with its length, so that no two entries make the same
/// bytes; an absent part is not an empty one.
pub(super) fn link_hash(before: &[u8; 32], position: u64, entry: &AuditEntry) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: Option<&[u8]>| match bytes {
        None => hash.update([0]),
        Some(bytes) => {
            hash.update([1]);
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        }
    };
    let id = |id: &Option<Uuid>| id.map(Uuid::into_bytes);
    part(Some(FORM));
    part(Some(before));
    part(Some(&position.to_be_bytes()));
    part(Some(entry.id.as_bytes()));
    part(Some(&entry.occurred_at.timestamp_micros().to_be_bytes()));
    part(Some(entry.actor_kind.as_bytes()));
    part(id(&entry.actor_id).as_ref().map(<[u8; 16]>::as_slice));
    part(Some(entry.action.as_bytes()));
    part(id(&entry.tenant_id).as_ref().map(<[u8; 16]>::as_slice));
    part(id(&entry.object_id).as_ref().map(<[u8; 16]>::as_slice));
    part(Some(entry.detail.as_bytes()));
    part(entry.request_id.as_deref().map(str::as_bytes));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            id: Uuid::from_u128(1),
            occurred_at: DateTime::from_timestamp_micros(1_800_000_000_000_001).unwrap(),
            actor_kind: "staff".into(),
            actor_id: Some(Uuid::from_u128(2)),
            action: "tenant.suspend".into(),
            tenant_id: Some(Uuid::from_u128(3)),
            object_id: Some(Uuid::from_u128(4)),
            detail: "{}".into(),
            request_id: Some("r".into()),
        }
    }

    #[test]
    fn every_part_counts() {
        let kept = link_hash(&START, 1, &entry());
        assert_eq!(kept, link_hash(&START, 1, &entry()));
        let change = |change: fn(&mut AuditEntry)| {
            let mut changed = entry();
            change(&mut changed);
            link_hash(&START, 1, &changed)
        };
        let changed = [
            link_hash(&[1; 32], 1, &entry()),
            link_hash(&START, 2, &entry()),
            change(|e| e.id = Uuid::from_u128(9)),
            change(|e| e.occurred_at += chrono::TimeDelta::microseconds(1)),
            change(|e| e.actor_kind = "member".into()),
            change(|e| e.actor_id = None),
            change(|e| e.action = "tenant.resume".into()),
            change(|e| e.tenant_id = None),
            change(|e| e.object_id = None),
            change(|e| e.detail = "{ }".into()),
            change(|e| e.request_id = None),
            change(|e| e.request_id = Some(String::new())),
            // The same letters, cut elsewhere.
            change(|e| {
                e.actor_kind = "stafft".into();
                e.action = "enant.suspend".into();
            }),
            change(|e| {
                e.tenant_id = e.object_id;
                e.object_id = Some(Uuid::from_u128(3));
            }),
        ];
        let distinct: std::collections::HashSet<_> = changed.iter().collect();
        assert_eq!(distinct.len(), changed.len());
        assert!(!changed.contains(&kept));
    }
}
