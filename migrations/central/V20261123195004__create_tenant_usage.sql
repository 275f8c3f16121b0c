-- What a tenant uses, a row per day of UTC.
CREATE TABLE IF NOT EXISTS tenant_usage (
    tenant_id     BINARY(16)      NOT NULL,
    day           DATE            NOT NULL,
    members       INT UNSIGNED    NOT NULL COMMENT 'active',
    items         INT UNSIGNED    NOT NULL COMMENT 'not deleted',
    storage_bytes BIGINT UNSIGNED NOT NULL COMMENT 'of its database',
    events        BIGINT UNSIGNED NOT NULL COMMENT 'committed on that day',
    collected_at  DATETIME(6)     NOT NULL,
    PRIMARY KEY (tenant_id, day),
    CONSTRAINT tenant_usage_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
