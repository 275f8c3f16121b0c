-- A new e-mail address that waits until its link is followed.
CREATE TABLE IF NOT EXISTS email_changes (
    id         BINARY(16)   NOT NULL PRIMARY KEY,
    token_hash BINARY(32)   NOT NULL,
    person_id  BINARY(16)   NOT NULL,
    email      VARCHAR(254) NOT NULL COLLATE utf8mb4_bin,
    created_at DATETIME(6)  NOT NULL,
    expires_at DATETIME(6)  NOT NULL,
    used_at    DATETIME(6)  NULL,
    revoked_at DATETIME(6)  NULL,
    UNIQUE KEY email_changes_token (token_hash),
    KEY email_changes_of_person (person_id, id),
    CONSTRAINT email_changes_person FOREIGN KEY (person_id) REFERENCES people (id)
);
