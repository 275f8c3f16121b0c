ALTER TABLE sso_flows ADD COLUMN IF NOT EXISTS result VARBINARY(20000) NULL COMMENT 'AEAD envelope of what a test found';
