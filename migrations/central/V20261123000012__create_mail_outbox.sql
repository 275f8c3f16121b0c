-- Mail written in the transaction of what it tells of; sent by a worker. `sealed` holds recipient, subject and bodies (links are secrets).
CREATE TABLE IF NOT EXISTS mail_outbox (
    id          BINARY(16)       NOT NULL PRIMARY KEY,
    kind        VARCHAR(32)      NOT NULL,
    sealed      BLOB             NULL COMMENT 'AEAD envelope; emptied once sent',
    state       VARCHAR(16)      NOT NULL COMMENT 'queued | sending | sent | failed',
    attempts    TINYINT UNSIGNED NOT NULL DEFAULT 0,
    due_at      DATETIME(6)      NOT NULL,
    lease_until DATETIME(6)      NULL,
    created_at  DATETIME(6)      NOT NULL,
    sent_at     DATETIME(6)      NULL,
    last_error  VARCHAR(500)     NULL,
    KEY mail_outbox_due (state, due_at)
);
