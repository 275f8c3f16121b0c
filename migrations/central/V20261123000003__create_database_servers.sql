-- A MariaDB server that holds tenant databases. The administrator's password is sealed.
CREATE TABLE IF NOT EXISTS database_servers (
    id                 BINARY(16)     NOT NULL PRIMARY KEY,
    name               VARCHAR(63)    NOT NULL COLLATE utf8mb4_bin,
    placement_group_id BINARY(16)     NOT NULL,
    host               VARCHAR(255)   NOT NULL,
    port               SMALLINT UNSIGNED NOT NULL,
    admin_user         VARCHAR(80)    NOT NULL,
    admin_password     VARBINARY(512) NOT NULL COMMENT 'AEAD envelope',
    max_tenants        INT UNSIGNED   NOT NULL,
    accepts_tenants    BOOLEAN        NOT NULL DEFAULT TRUE,
    created_at         DATETIME(6)    NOT NULL,
    UNIQUE KEY database_servers_name (name),
    CONSTRAINT database_servers_group FOREIGN KEY (placement_group_id) REFERENCES placement_groups (id)
);
