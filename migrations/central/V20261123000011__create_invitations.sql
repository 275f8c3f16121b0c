-- A link by which an invited person sets a password. Single use; the token is kept as its SHA-256 only.
CREATE TABLE IF NOT EXISTS invitations (
    id          BINARY(16)  NOT NULL PRIMARY KEY,
    token_hash  BINARY(32)  NOT NULL,
    tenant_id   BINARY(16)  NOT NULL,
    member_id   BINARY(16)  NOT NULL,
    created_at  DATETIME(6) NOT NULL,
    expires_at  DATETIME(6) NOT NULL,
    accepted_at DATETIME(6) NULL,
    revoked_at  DATETIME(6) NULL,
    UNIQUE KEY invitations_token (token_hash),
    KEY invitations_of_member (member_id),
    CONSTRAINT invitations_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
