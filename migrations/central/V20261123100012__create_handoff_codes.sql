-- Carries a person from the host of people to a tenant's host: once, within 30 s, in one browser.
CREATE TABLE IF NOT EXISTS handoff_codes (
    code_hash         BINARY(32)  NOT NULL PRIMARY KEY,
    person_session_id BINARY(16)  NOT NULL,
    tenant_id         BINARY(16)  NOT NULL,
    challenge         BINARY(32)  NOT NULL COMMENT 'SHA-256 of the cookie of the browser on the tenant''s host',
    created_at        DATETIME(6) NOT NULL,
    expires_at        DATETIME(6) NOT NULL,
    used_at           DATETIME(6) NULL,
    KEY handoff_codes_expiry (expires_at),
    CONSTRAINT handoff_codes_session FOREIGN KEY (person_session_id) REFERENCES person_sessions (id)
);
