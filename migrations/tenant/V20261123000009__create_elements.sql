CREATE TABLE IF NOT EXISTS elements (
    work_item_id BINARY(16)  NOT NULL PRIMARY KEY,
    element_type VARCHAR(16) NOT NULL COMMENT 'with_tasks | checkable | information',
    CONSTRAINT elements_item FOREIGN KEY (work_item_id) REFERENCES work_items (id)
);
