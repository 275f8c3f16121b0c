-- The truth about sessions; Redis is their cache. The cookie's value is kept as its SHA-256 only.
CREATE TABLE IF NOT EXISTS sessions (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash   BINARY(32)   NOT NULL,
    tenant_id    BINARY(16)   NOT NULL,
    member_id    BINARY(16)   NOT NULL,
    person_id    BINARY(16)   NOT NULL,
    created_at   DATETIME(6)  NOT NULL,
    last_seen_at DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NOT NULL,
    revoked_at   DATETIME(6)  NULL,
    address      VARCHAR(45)  NOT NULL,
    country      CHAR(2)      NULL,
    device       VARCHAR(255) NOT NULL,
    UNIQUE KEY sessions_token (token_hash),
    KEY sessions_of_member (member_id, revoked_at, id),
    KEY sessions_expiry (expires_at),
    CONSTRAINT sessions_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
