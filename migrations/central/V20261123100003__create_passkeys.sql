-- WebAuthn credentials of a person. The relying party is the base domain, so one is good on every host.
CREATE TABLE IF NOT EXISTS passkeys (
    id              BINARY(16)   NOT NULL PRIMARY KEY,
    person_id       BINARY(16)   NOT NULL,
    credential_hash BINARY(32)   NOT NULL COMMENT 'SHA-256 of the credential id',
    credential      JSON         NOT NULL COMMENT 'public key and counters',
    name            VARCHAR(100) NOT NULL,
    created_at      DATETIME(6)  NOT NULL,
    last_used_at    DATETIME(6)  NULL,
    UNIQUE KEY passkeys_credential (credential_hash),
    KEY passkeys_of_person (person_id, id),
    CONSTRAINT passkeys_person FOREIGN KEY (person_id) REFERENCES people (id)
);
