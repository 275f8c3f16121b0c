-- Mail to members. The row is there before the mail is handed over, so that a crash sends one mail twice at most.
CREATE TABLE IF NOT EXISTS notification_mails (
    id          BINARY(16)        NOT NULL PRIMARY KEY COMMENT 'of the job that sends it, and in its Message-ID',
    member_id   BINARY(16)        NOT NULL,
    state       VARCHAR(8)        NOT NULL COMMENT 'sending | sent | failed',
    attempts    SMALLINT UNSIGNED NOT NULL,
    lease_until DATETIME(6)       NOT NULL COMMENT 'nobody else tries before',
    created_at  DATETIME(6)       NOT NULL,
    ended_at    DATETIME(6)       NULL,
    last_error  VARCHAR(500)      NULL,
    KEY notification_mails_age (created_at)
);
