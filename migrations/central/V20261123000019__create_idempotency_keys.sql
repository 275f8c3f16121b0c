-- Answers to keyed POSTs of staff and of member administration, written in the transaction of their effect; kept 24 h.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    scope      BINARY(32)        NOT NULL PRIMARY KEY COMMENT 'SHA-256 of actor, method, path and key',
    body_hash  BINARY(32)        NOT NULL,
    status     SMALLINT UNSIGNED NOT NULL,
    location   VARCHAR(255)      NULL,
    body       MEDIUMBLOB        NOT NULL,
    created_at DATETIME(6)       NOT NULL,
    KEY idempotency_keys_age (created_at)
);
