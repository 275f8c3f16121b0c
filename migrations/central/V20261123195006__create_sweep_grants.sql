-- Tenants' databases that the sweep account of their server may look at.
CREATE TABLE IF NOT EXISTS sweep_grants (
    tenant_id  BINARY(16)        NOT NULL,
    generation INT UNSIGNED      NOT NULL,
    version    SMALLINT UNSIGNED NOT NULL COMMENT 'of the list of columns',
    granted_at DATETIME(6)       NOT NULL,
    PRIMARY KEY (tenant_id, generation),
    CONSTRAINT sweep_grants_database FOREIGN KEY (tenant_id, generation)
        REFERENCES tenant_databases (tenant_id, generation) ON DELETE CASCADE
);
