-- A sign-in that was sent to a provider and has not come back.
CREATE TABLE IF NOT EXISTS sso_flows (
    state_hash    BINARY(32)     NOT NULL PRIMARY KEY,
    connection_id BINARY(16)     NOT NULL,
    purpose       VARCHAR(16)    NOT NULL COMMENT 'sign_in | link | step_up | test',
    browser_hash  BINARY(32)     NOT NULL COMMENT 'of the cookie that it was begun with',
    session_id    BINARY(16)     NULL COMMENT 'for link, step_up and test',
    sealed        VARBINARY(512) NOT NULL COMMENT 'AEAD envelope of nonce and PKCE verifier',
    return_to     VARCHAR(500)   NOT NULL COMMENT 'a path of the tenant''s host',
    created_at    DATETIME(6)    NOT NULL,
    expires_at    DATETIME(6)    NOT NULL,
    used_at       DATETIME(6)    NULL,
    KEY sso_flows_expiry (expires_at),
    CONSTRAINT sso_flows_connection FOREIGN KEY (connection_id) REFERENCES sso_connections (id)
);
