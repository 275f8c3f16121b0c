-- A WebAuthn ceremony that was begun. Good once, for some minutes, in the browser that began it.
CREATE TABLE IF NOT EXISTS webauthn_ceremonies (
    id           BINARY(16)  NOT NULL PRIMARY KEY,
    browser_hash BINARY(32)  NOT NULL COMMENT 'of the cookie that it was begun with',
    purpose      VARCHAR(16) NOT NULL COMMENT 'register | sign_in | second_factor | step_up',
    person_id    BINARY(16)  NULL,
    state        JSON        NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    expires_at   DATETIME(6) NOT NULL,
    used_at      DATETIME(6) NULL,
    KEY webauthn_ceremonies_expiry (expires_at)
);
