-- What staff and member administration did. Append-only.
CREATE TABLE IF NOT EXISTS audit_log (
    id          BINARY(16)   NOT NULL PRIMARY KEY,
    occurred_at DATETIME(6)  NOT NULL,
    actor_kind  VARCHAR(16)  NOT NULL COMMENT 'staff | member | system',
    actor_id    BINARY(16)   NULL,
    action      VARCHAR(64)  NOT NULL,
    tenant_id   BINARY(16)   NULL,
    object_id   BINARY(16)   NULL,
    detail      JSON         NOT NULL,
    request_id  VARCHAR(64)  NULL,
    KEY audit_log_of_tenant (tenant_id, id)
);
