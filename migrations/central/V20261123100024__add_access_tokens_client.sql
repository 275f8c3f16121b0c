ALTER TABLE access_tokens ADD COLUMN IF NOT EXISTS client_id BINARY(16) NULL COMMENT 'the client secret that it was got with; none for a personal access token';
