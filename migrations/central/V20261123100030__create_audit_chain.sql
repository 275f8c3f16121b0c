-- The order and the hashes of the audit log: each hash covers the entry and the hash before.
CREATE TABLE IF NOT EXISTS audit_chain (
    position   BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    audit_id   BINARY(16)      NOT NULL,
    hash       BINARY(32)      NOT NULL,
    chained_at DATETIME(6)     NOT NULL,
    UNIQUE KEY audit_chain_entry (audit_id)
);
