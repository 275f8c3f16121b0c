-- One row: whose database this is. A connection is checked against it before it is used.
CREATE TABLE IF NOT EXISTS tenant (
    id                 TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1),
    tenant_id          BINARY(16)       NOT NULL,
    generation         INT UNSIGNED     NOT NULL,
    schema_fingerprint CHAR(64)         NOT NULL COLLATE ascii_bin,
    root_folder_id     BINARY(16)       NOT NULL
);
