-- Groups of a tenant's directory. One that is mapped gives its members a role.
CREATE TABLE IF NOT EXISTS scim_groups (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    tenant_id    BINARY(16)   NOT NULL,
    display_name VARCHAR(255) NOT NULL,
    external_id  VARCHAR(255) NULL COLLATE utf8mb4_bin,
    role         VARCHAR(16)  NULL,
    external     BOOLEAN      NULL,
    revision     INT UNSIGNED NOT NULL,
    created_at   DATETIME(6)  NOT NULL,
    updated_at   DATETIME(6)  NOT NULL,
    UNIQUE KEY scim_groups_name (tenant_id, display_name),
    CONSTRAINT scim_groups_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
