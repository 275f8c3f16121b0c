-- Credentials by which a member's program gets access tokens (RFC 6749 §4.4).
CREATE TABLE IF NOT EXISTS client_secrets (
    id           BINARY(16)   NOT NULL PRIMARY KEY COMMENT 'the client_id',
    secret_hash  BINARY(32)   NOT NULL,
    tenant_id    BINARY(16)   NOT NULL,
    member_id    BINARY(16)   NOT NULL,
    name         VARCHAR(100) NOT NULL,
    scopes       VARCHAR(255) NOT NULL COMMENT 'words separated by spaces',
    created_at   DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NOT NULL,
    last_used_at DATETIME(6)  NULL,
    revoked_at   DATETIME(6)  NULL,
    KEY client_secrets_of_member (member_id, id),
    CONSTRAINT client_secrets_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
