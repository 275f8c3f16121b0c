-- A member of staff in a tenant, with its consent. Begins as a code that is good once, within 30 s.
CREATE TABLE IF NOT EXISTS support_sessions (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash   BINARY(32)   NOT NULL COMMENT 'of the code, then of the cookie',
    access_id    BINARY(16)   NOT NULL,
    tenant_id    BINARY(16)   NOT NULL,
    staff_id     BINARY(16)   NOT NULL,
    state        VARCHAR(16)  NOT NULL COMMENT 'pending (a code) | active',
    created_at   DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NOT NULL,
    revoked_at   DATETIME(6)  NULL,
    address      VARCHAR(45)  NOT NULL,
    device       VARCHAR(255) NOT NULL,
    UNIQUE KEY support_sessions_token (token_hash),
    KEY support_sessions_of_access (access_id, id),
    KEY support_sessions_of_staff (staff_id, id),
    CONSTRAINT support_sessions_access FOREIGN KEY (access_id) REFERENCES support_access (id)
);
