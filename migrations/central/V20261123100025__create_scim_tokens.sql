-- By which a tenant's directory changes its members (RFC 7644).
CREATE TABLE IF NOT EXISTS scim_tokens (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash   BINARY(32)   NOT NULL,
    tenant_id    BINARY(16)   NOT NULL,
    name         VARCHAR(100) NOT NULL,
    created_by   BINARY(16)   NOT NULL,
    created_at   DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NULL,
    last_used_at DATETIME(6)  NULL,
    revoked_at   DATETIME(6)  NULL,
    UNIQUE KEY scim_tokens_hash (token_hash),
    KEY scim_tokens_of_tenant (tenant_id, id),
    CONSTRAINT scim_tokens_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
