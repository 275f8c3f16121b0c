-- The second factor of a person. `totp_pending` is a secret that was shown and not yet confirmed.
ALTER TABLE people
    ADD COLUMN IF NOT EXISTS totp_secret VARBINARY(256) NULL COMMENT 'AEAD envelope',
    ADD COLUMN IF NOT EXISTS totp_pending VARBINARY(256) NULL COMMENT 'AEAD envelope',
    ADD COLUMN IF NOT EXISTS totp_last_step BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS totp_failures SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS totp_confirmed_at DATETIME(6) NULL,
    ADD COLUMN IF NOT EXISTS password_changed_at DATETIME(6) NULL;
