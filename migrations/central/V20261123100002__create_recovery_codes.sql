-- Codes for who lost their second factor: shown once, kept as a hash, each good once.
CREATE TABLE IF NOT EXISTS recovery_codes (
    person_id  BINARY(16)  NOT NULL,
    code_hash  BINARY(32)  NOT NULL,
    created_at DATETIME(6) NOT NULL,
    used_at    DATETIME(6) NULL,
    PRIMARY KEY (person_id, code_hash),
    CONSTRAINT recovery_codes_person FOREIGN KEY (person_id) REFERENCES people (id)
);
