-- Logout tokens that were used, so that none is used twice.
CREATE TABLE IF NOT EXISTS sso_logout_tokens (
    connection_id BINARY(16)  NOT NULL,
    jti_hash      BINARY(32)  NOT NULL,
    expires_at    DATETIME(6) NOT NULL,
    PRIMARY KEY (connection_id, jti_hash),
    KEY sso_logout_tokens_expiry (expires_at)
);
