-- A persisted plan of named, idempotent steps, run by one worker at a time under a lease.
CREATE TABLE IF NOT EXISTS operations (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    kind         VARCHAR(32)  NOT NULL,
    tenant_id    BINARY(16)   NOT NULL,
    state        VARCHAR(16)  NOT NULL COMMENT 'queued | running | paused | undoing | succeeded | failed | cancelled',
    input        JSON         NOT NULL,
    requested_by BINARY(16)   NULL COMMENT 'member of staff',
    lease_owner  VARCHAR(64)  NULL COLLATE ascii_bin,
    lease_until  DATETIME(6)  NULL,
    fence        INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'grows with each lease: an older worker cannot write',
    created_at   DATETIME(6)  NOT NULL,
    started_at   DATETIME(6)  NULL,
    finished_at  DATETIME(6)  NULL,
    KEY operations_work (state, lease_until),
    KEY operations_of_tenant (tenant_id, id),
    CONSTRAINT operations_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
