-- A person's session on the host of people, from which they go on to their tenants.
CREATE TABLE IF NOT EXISTS person_sessions (
    id            BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash    BINARY(32)   NOT NULL,
    person_id     BINARY(16)   NOT NULL,
    state         VARCHAR(16)  NOT NULL COMMENT 'active | second_factor (due)',
    method        VARCHAR(16)  NOT NULL COMMENT 'password | passkey',
    second_factor BOOLEAN      NOT NULL,
    failures      SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    confirmed_at  DATETIME(6)  NOT NULL,
    created_at    DATETIME(6)  NOT NULL,
    last_seen_at  DATETIME(6)  NOT NULL,
    expires_at    DATETIME(6)  NOT NULL,
    revoked_at    DATETIME(6)  NULL,
    address       VARCHAR(45)  NOT NULL,
    country       CHAR(2)      NULL,
    device        VARCHAR(255) NOT NULL,
    UNIQUE KEY person_sessions_token (token_hash),
    KEY person_sessions_of_person (person_id, revoked_at, id),
    KEY person_sessions_expiry (expires_at),
    CONSTRAINT person_sessions_person FOREIGN KEY (person_id) REFERENCES people (id)
);
