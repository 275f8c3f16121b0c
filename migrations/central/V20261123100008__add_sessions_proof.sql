-- How and how far the person of a session is proven. Sessions that are not active never reach a cache.
ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS state VARCHAR(16) NOT NULL DEFAULT 'active' COMMENT 'active | second_factor (due) | enrolment (of one, due)',
    ADD COLUMN IF NOT EXISTS method VARCHAR(16) NOT NULL DEFAULT 'password' COMMENT 'password | passkey | sso | invitation | handoff',
    ADD COLUMN IF NOT EXISTS connection_id BINARY(16) NULL COMMENT 'of the identity provider, for sso',
    ADD COLUMN IF NOT EXISTS provider_session VARCHAR(255) NULL COLLATE utf8mb4_bin COMMENT 'sid of the identity provider',
    ADD COLUMN IF NOT EXISTS provider_token VARBINARY(8192) NULL COMMENT 'AEAD envelope of the ID token, as a hint for sign-out',
    ADD COLUMN IF NOT EXISTS second_factor BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a second factor was given',
    ADD COLUMN IF NOT EXISTS confirmed_at DATETIME(6) NULL COMMENT 'when the person last proved who they are; none is created_at',
    ADD COLUMN IF NOT EXISTS failures SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of the second factor while it is due';
