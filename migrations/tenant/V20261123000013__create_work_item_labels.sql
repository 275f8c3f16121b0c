CREATE TABLE IF NOT EXISTS work_item_labels (
    work_item_id BINARY(16) NOT NULL,
    label_id     BINARY(16) NOT NULL,
    is_primary   BOOLEAN    NOT NULL DEFAULT FALSE,
    PRIMARY KEY (work_item_id, label_id),
    KEY work_item_labels_label (label_id),
    CONSTRAINT work_item_labels_item FOREIGN KEY (work_item_id) REFERENCES work_items (id),
    CONSTRAINT work_item_labels_label_exists FOREIGN KEY (label_id) REFERENCES labels (id) ON DELETE CASCADE
);
