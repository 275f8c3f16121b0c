CREATE TABLE IF NOT EXISTS operation_steps (
    operation_id BINARY(16)        NOT NULL,
    ordinal      TINYINT UNSIGNED  NOT NULL,
    name         VARCHAR(32)       NOT NULL,
    state        VARCHAR(16)       NOT NULL COMMENT 'pending | running | succeeded | failed | undone',
    attempts     SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    started_at   DATETIME(6)       NULL,
    finished_at  DATETIME(6)       NULL,
    error        VARCHAR(1000)     NULL,
    PRIMARY KEY (operation_id, ordinal),
    CONSTRAINT operation_steps_operation FOREIGN KEY (operation_id) REFERENCES operations (id)
);
