CREATE TABLE IF NOT EXISTS dependencies (
    id             BINARY(16)   NOT NULL PRIMARY KEY,
    predecessor_id BINARY(16)   NOT NULL,
    successor_id   BINARY(16)   NOT NULL,
    kind           CHAR(2)      NOT NULL COMMENT 'FS | SS | FF | SF',
    lag_minutes    INT          NOT NULL DEFAULT 0 COMMENT 'signed, working time',
    revision       INT UNSIGNED NOT NULL,
    created_at     DATETIME(6)  NOT NULL,
    UNIQUE KEY dependencies_pair (predecessor_id, successor_id),
    KEY dependencies_successor (successor_id),
    CONSTRAINT dependencies_predecessor FOREIGN KEY (predecessor_id) REFERENCES work_items (id),
    CONSTRAINT dependencies_successor_exists FOREIGN KEY (successor_id) REFERENCES work_items (id)
);
