CREATE TABLE IF NOT EXISTS tasks (
    work_item_id      BINARY(16) NOT NULL PRIMARY KEY,
    evidence_required BOOLEAN    NOT NULL DEFAULT FALSE,
    CONSTRAINT tasks_item FOREIGN KEY (work_item_id) REFERENCES work_items (id)
);
