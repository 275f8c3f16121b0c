CREATE TABLE IF NOT EXISTS grids (
    work_item_id BINARY(16)  NOT NULL PRIMARY KEY,
    is_master    BOOLEAN     NOT NULL DEFAULT FALSE,
    archived_at  DATETIME(6) NULL,
    CONSTRAINT grids_item FOREIGN KEY (work_item_id) REFERENCES work_items (id)
);
