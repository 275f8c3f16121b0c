-- Mail domains that a tenant claims. Verified by DNS, by one tenant only.
CREATE TABLE IF NOT EXISTS verified_domains (
    id          BINARY(16)   NOT NULL PRIMARY KEY,
    tenant_id   BINARY(16)   NOT NULL,
    domain      VARCHAR(253) NOT NULL COLLATE utf8mb4_bin,
    challenge   VARCHAR(64)  NOT NULL COLLATE utf8mb4_bin COMMENT 'value of the TXT record',
    created_at  DATETIME(6)  NOT NULL,
    verified_at DATETIME(6)  NULL,
    checked_at  DATETIME(6)  NULL,
    verified    VARCHAR(253) COLLATE utf8mb4_bin AS (IF(verified_at IS NULL, NULL, domain)) PERSISTENT,
    UNIQUE KEY verified_domains_verified (verified),
    UNIQUE KEY verified_domains_claim (tenant_id, domain),
    CONSTRAINT verified_domains_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
