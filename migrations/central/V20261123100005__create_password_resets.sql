-- A link by which a person who forgot the password sets a new one. Single use, 30 minutes.
CREATE TABLE IF NOT EXISTS password_resets (
    id         BINARY(16)  NOT NULL PRIMARY KEY,
    token_hash BINARY(32)  NOT NULL,
    person_id  BINARY(16)  NOT NULL,
    tenant_id  BINARY(16)  NULL COMMENT 'whose host it was asked on; none for the host of people',
    created_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    used_at    DATETIME(6) NULL,
    revoked_at DATETIME(6) NULL,
    UNIQUE KEY password_resets_token (token_hash),
    KEY password_resets_of_person (person_id, id),
    CONSTRAINT password_resets_person FOREIGN KEY (person_id) REFERENCES people (id)
);
