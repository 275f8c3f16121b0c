-- The last test that succeeded: who proved by it that they can come in, and at which revision.
ALTER TABLE sso_connections
    ADD COLUMN IF NOT EXISTS tested_at DATETIME(6) NULL,
    ADD COLUMN IF NOT EXISTS tested_by BINARY(16) NULL COMMENT 'a member',
    ADD COLUMN IF NOT EXISTS tested_revision INT UNSIGNED NULL;
