-- One row: the key of the links by which people unsubscribe. Whoever reads it can turn mail off, no more.
CREATE TABLE IF NOT EXISTS notification_keys (
    id     TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1),
    secret BINARY(32)       NOT NULL
);
