-- One row: the number of the last change of the tenant catalogue. Nodes and gateways ask what came after the one they know.
CREATE TABLE IF NOT EXISTS catalogue_revision (
    id    TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1),
    value BIGINT UNSIGNED  NOT NULL
);
