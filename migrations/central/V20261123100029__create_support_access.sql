-- Staff's requests to look into a tenant. The consent itself is a row of the tenant's database.
CREATE TABLE IF NOT EXISTS support_access (
    id           BINARY(16)    NOT NULL PRIMARY KEY,
    tenant_id    BINARY(16)    NOT NULL,
    staff_id     BINARY(16)    NOT NULL,
    reason       VARCHAR(500)  NOT NULL,
    minutes      INT UNSIGNED  NOT NULL COMMENT 'how long it is wanted for',
    state        VARCHAR(16)   NOT NULL COMMENT 'requested | granted | declined | withdrawn | ended',
    requested_at DATETIME(6)   NOT NULL,
    decided_at   DATETIME(6)   NULL,
    decided_by   BINARY(16)    NULL COMMENT 'a member',
    expires_at   DATETIME(6)   NULL,
    ended_at     DATETIME(6)   NULL,
    KEY support_access_of_tenant (tenant_id, id),
    KEY support_access_of_staff (staff_id, id),
    CONSTRAINT support_access_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT support_access_staff FOREIGN KEY (staff_id) REFERENCES staff (id)
);
