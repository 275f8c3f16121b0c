-- What a member of staff asked for and another has to agree to before it is done.
CREATE TABLE IF NOT EXISTS approvals (
    id           BINARY(16)  NOT NULL PRIMARY KEY,
    action       VARCHAR(64) NOT NULL COMMENT 'such as tenant.suspend',
    tenant_id    BINARY(16)  NOT NULL,
    input        JSON        NOT NULL,
    state        VARCHAR(16) NOT NULL COMMENT 'requested | approved | declined',
    requested_by BINARY(16)  NOT NULL,
    requested_at DATETIME(6) NOT NULL,
    expires_at   DATETIME(6) NOT NULL,
    decided_by   BINARY(16)  NULL,
    decided_at   DATETIME(6) NULL,
    operation_id BINARY(16)  NULL COMMENT 'what it led to',
    KEY approvals_of_tenant (tenant_id, id),
    CONSTRAINT approvals_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT approvals_requester FOREIGN KEY (requested_by) REFERENCES staff (id)
);
