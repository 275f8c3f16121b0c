CREATE TABLE IF NOT EXISTS gates (
    work_item_id BINARY(16)  NOT NULL PRIMARY KEY,
    outcome      VARCHAR(32) NULL COMMENT 'proceed | proceed_with_conditions | hold | stop',
    decided_at   DATETIME(6) NULL,
    decided_by   BINARY(16)  NULL,
    note         TEXT        NOT NULL,
    CONSTRAINT gates_item FOREIGN KEY (work_item_id) REFERENCES work_items (id)
);
