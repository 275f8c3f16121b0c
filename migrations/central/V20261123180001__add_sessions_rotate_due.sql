-- What a member is has changed since the session got its cookie: it gets another one when its browser next goes to a page.
ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS rotate_due BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the role or externality changed since the cookie was given';
