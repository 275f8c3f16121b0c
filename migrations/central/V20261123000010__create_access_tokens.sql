-- Personal access tokens, SHA-256 at rest.
CREATE TABLE IF NOT EXISTS access_tokens (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash   BINARY(32)   NOT NULL,
    tenant_id    BINARY(16)   NOT NULL,
    member_id    BINARY(16)   NOT NULL,
    name         VARCHAR(100) NOT NULL,
    scopes       VARCHAR(255) NOT NULL COMMENT 'words separated by spaces',
    created_at   DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NOT NULL,
    last_used_at DATETIME(6)  NULL,
    revoked_at   DATETIME(6)  NULL,
    UNIQUE KEY access_tokens_hash (token_hash),
    KEY access_tokens_of_member (member_id, id),
    CONSTRAINT access_tokens_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
