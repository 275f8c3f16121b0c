-- Who a subject of a provider is. The provider's e-mail never decides it again.
CREATE TABLE IF NOT EXISTS sso_identities (
    connection_id   BINARY(16)   NOT NULL,
    subject         VARCHAR(255) NOT NULL COLLATE utf8mb4_bin,
    person_id       BINARY(16)   NOT NULL,
    created_at      DATETIME(6)  NOT NULL,
    last_sign_in_at DATETIME(6)  NULL,
    PRIMARY KEY (connection_id, subject),
    KEY sso_identities_of_person (person_id),
    CONSTRAINT sso_identities_connection FOREIGN KEY (connection_id) REFERENCES sso_connections (id),
    CONSTRAINT sso_identities_person FOREIGN KEY (person_id) REFERENCES people (id)
);
