-- What each worker said last of the queues.
CREATE TABLE IF NOT EXISTS queue_reports (
    node_id     BINARY(16)  NOT NULL PRIMARY KEY,
    ring        VARCHAR(16) NOT NULL,
    report      JSON        NOT NULL,
    reported_at DATETIME(6) NOT NULL,
    CONSTRAINT queue_reports_node FOREIGN KEY (node_id) REFERENCES runtime_nodes (id) ON DELETE CASCADE
);
