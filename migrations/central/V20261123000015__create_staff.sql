-- Accounts of the platform's own staff; a second factor always.
CREATE TABLE IF NOT EXISTS staff (
    id             BINARY(16)     NOT NULL PRIMARY KEY,
    email          VARCHAR(254)   NOT NULL COLLATE utf8mb4_bin,
    name           VARCHAR(200)   NOT NULL,
    role           VARCHAR(16)    NOT NULL COMMENT 'support | operator | security | owner',
    password_hash  VARCHAR(255)   NOT NULL COMMENT 'argon2id, PHC string',
    totp_secret    VARBINARY(256) NOT NULL COMMENT 'AEAD envelope',
    totp_last_step BIGINT         NOT NULL DEFAULT 0,
    totp_failures  SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    created_at     DATETIME(6)    NOT NULL,
    disabled_at    DATETIME(6)    NULL,
    UNIQUE KEY staff_email (email)
);
