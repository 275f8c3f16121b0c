CREATE TABLE IF NOT EXISTS staff_sessions (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash   BINARY(32)   NOT NULL,
    staff_id     BINARY(16)   NOT NULL,
    state        VARCHAR(16)  NOT NULL COMMENT 'pending (second factor due) | active',
    created_at   DATETIME(6)  NOT NULL,
    last_seen_at DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NOT NULL,
    revoked_at   DATETIME(6)  NULL,
    address      VARCHAR(45)  NOT NULL,
    device       VARCHAR(255) NOT NULL,
    UNIQUE KEY staff_sessions_token (token_hash),
    KEY staff_sessions_of_staff (staff_id, id),
    CONSTRAINT staff_sessions_staff FOREIGN KEY (staff_id) REFERENCES staff (id)
);
