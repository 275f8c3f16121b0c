-- Slots of timers that were begun, each once, and runs that staff asked for. Kept 90 days.
CREATE TABLE IF NOT EXISTS timer_runs (
    id           BINARY(16)      NOT NULL PRIMARY KEY,
    ring         VARCHAR(16)     NOT NULL,
    timer        VARCHAR(64)     NOT NULL COLLATE utf8mb4_bin,
    slot         DATETIME(6)     NOT NULL COMMENT 'when it was due; of an asked run, when it was asked for',
    asked        BOOLEAN         NOT NULL,
    asked_by     BINARY(16)      NULL COMMENT 'staff; null for a command on the server',
    token        BIGINT UNSIGNED NULL COMMENT 'of the leader that has it',
    state        VARCHAR(16)     NOT NULL COMMENT 'asked | running | done | failed',
    after_tenant BINARY(16)      NULL COMMENT 'jobs are enqueued up to this tenant',
    jobs         INT UNSIGNED    NOT NULL DEFAULT 0,
    error        VARCHAR(1000)   NULL,
    begun_at     DATETIME(6)     NULL,
    ended_at     DATETIME(6)     NULL,
    UNIQUE KEY timer_runs_slot (ring, timer, asked, slot),
    KEY timer_runs_open (ring, state),
    KEY timer_runs_age (slot)
);
