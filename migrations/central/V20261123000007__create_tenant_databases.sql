-- The database of a tenant at a generation, with its two accounts. Passwords are sealed for this tenant.
CREATE TABLE IF NOT EXISTS tenant_databases (
    tenant_id         BINARY(16)     NOT NULL,
    generation        INT UNSIGNED   NOT NULL,
    server_id         BINARY(16)     NOT NULL,
    database_name     CHAR(27)       NOT NULL COLLATE ascii_bin,
    nonce             CHAR(32)       NOT NULL COLLATE ascii_bin COMMENT 'stands in the database comment: proof of ownership',
    runtime_user      VARCHAR(80)    NOT NULL,
    runtime_password  VARBINARY(512) NOT NULL COMMENT 'AEAD envelope',
    migrator_user     VARCHAR(80)    NOT NULL,
    migrator_password VARBINARY(512) NOT NULL COMMENT 'AEAD envelope',
    created_at        DATETIME(6)    NOT NULL,
    PRIMARY KEY (tenant_id, generation),
    UNIQUE KEY tenant_databases_name (server_id, database_name),
    CONSTRAINT tenant_databases_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT tenant_databases_server FOREIGN KEY (server_id) REFERENCES database_servers (id)
);
