-- What was sent to webhooks, and how that went. Kept 30 days.
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    id              BINARY(16)        NOT NULL PRIMARY KEY COMMENT 'the receiver knows it as webhook-id',
    webhook_id      BINARY(16)        NOT NULL,
    event_number    BIGINT UNSIGNED   NULL COMMENT 'null: a test',
    kind            VARCHAR(64)       NOT NULL,
    body            MEDIUMTEXT        NOT NULL COMMENT 'as it is sent and signed',
    state           VARCHAR(16)       NOT NULL COMMENT 'pending | succeeded | failed',
    attempts        SMALLINT UNSIGNED NOT NULL COMMENT 'since it was made, or replayed',
    last_status     SMALLINT UNSIGNED NULL COMMENT 'HTTP status of the last attempt',
    last_error      VARCHAR(200)      NULL COMMENT 'why the last attempt failed',
    duration_ms     INT UNSIGNED      NULL,
    response        VARCHAR(1000)     NULL COMMENT 'the beginning of the last answer',
    next_attempt_at DATETIME(6)       NULL,
    created_at      DATETIME(6)       NOT NULL,
    attempted_at    DATETIME(6)       NULL,
    UNIQUE KEY webhook_deliveries_event (webhook_id, event_number),
    KEY webhook_deliveries_list (webhook_id, id),
    KEY webhook_deliveries_state (webhook_id, state, id),
    KEY webhook_deliveries_age (created_at)
);
