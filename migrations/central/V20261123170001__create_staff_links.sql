-- A link by which a member of staff chooses a password and takes a second factor: for a new account, or anew. Single use.
CREATE TABLE IF NOT EXISTS staff_links (
    id          BINARY(16)     NOT NULL PRIMARY KEY,
    token_hash  BINARY(32)     NOT NULL,
    staff_id    BINARY(16)     NULL COMMENT 'whose factors it sets anew; none for a new account',
    email       VARCHAR(254)   NOT NULL COLLATE utf8mb4_bin,
    name        VARCHAR(200)   NOT NULL,
    role        VARCHAR(16)    NOT NULL COMMENT 'support | operator | security | owner',
    totp_secret VARBINARY(256) NOT NULL COMMENT 'AEAD envelope, for this link',
    failures    SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'wrong codes',
    created_by  BINARY(16)     NULL COMMENT 'a member of staff; none for a command on the server',
    created_at  DATETIME(6)    NOT NULL,
    expires_at  DATETIME(6)    NOT NULL,
    used_at     DATETIME(6)    NULL,
    revoked_at  DATETIME(6)    NULL,
    UNIQUE KEY staff_links_token (token_hash),
    KEY staff_links_of_email (email, id)
);
