-- The tenant catalogue. It changes only by compare-and-set on `revision`.
CREATE TABLE IF NOT EXISTS tenants (
    id                 BINARY(16)      NOT NULL PRIMARY KEY,
    slug               VARCHAR(63)     NOT NULL COLLATE utf8mb4_bin,
    name               VARCHAR(200)    NOT NULL,
    plan               VARCHAR(32)     NOT NULL,
    state              VARCHAR(16)     NOT NULL COMMENT 'requested | provisioning | active | suspended | archived | deleted | purged | quarantined',
    generation         INT UNSIGNED    NOT NULL,
    placement_group_id BINARY(16)      NOT NULL,
    server_id          BINARY(16)      NULL,
    time_zone          VARCHAR(64)     NOT NULL DEFAULT 'UTC',
    schema_version     BIGINT          NULL,
    schema_fingerprint CHAR(64)        NULL COLLATE ascii_bin,
    revision           BIGINT UNSIGNED NOT NULL,
    created_at         DATETIME(6)     NOT NULL,
    updated_at         DATETIME(6)     NOT NULL,
    UNIQUE KEY tenants_slug (slug),
    KEY tenants_revision (revision),
    KEY tenants_state (state, id),
    CONSTRAINT tenants_group FOREIGN KEY (placement_group_id) REFERENCES placement_groups (id),
    CONSTRAINT tenants_server FOREIGN KEY (server_id) REFERENCES database_servers (id)
);
