CREATE TABLE IF NOT EXISTS labels (
    id         BINARY(16)   NOT NULL PRIMARY KEY,
    name       VARCHAR(100) NOT NULL,
    colour     CHAR(7)      NOT NULL COMMENT '#rrggbb',
    revision   INT UNSIGNED NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    UNIQUE KEY labels_name (name)
);
