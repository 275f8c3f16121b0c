-- What a tenant's architects decided about signing in. A tenant without a row has the defaults.
CREATE TABLE IF NOT EXISTS tenant_security (
    tenant_id              BINARY(16)   NOT NULL PRIMARY KEY,
    sso_enforced           BOOLEAN      NOT NULL DEFAULT FALSE,
    second_factor_required BOOLEAN      NOT NULL DEFAULT FALSE,
    idle_minutes           INT UNSIGNED NULL COMMENT 'a session unused for so long ends; none is the platform''s limit',
    absolute_minutes       INT UNSIGNED NULL COMMENT 'a session ends so long after it began; none is the platform''s limit',
    access_policy          JSON         NULL COMMENT 'countries, addresses, hours; none refuses nobody',
    contact                VARCHAR(254) NULL COMMENT 'whom one who is refused may ask',
    colour                 CHAR(7)      NULL COMMENT 'of the tenant, as #rrggbb',
    revision               INT UNSIGNED NOT NULL DEFAULT 1,
    updated_at             DATETIME(6)  NOT NULL,
    CONSTRAINT tenant_security_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
