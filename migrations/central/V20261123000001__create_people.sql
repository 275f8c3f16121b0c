-- A human being. E-mail is stored in lower case and is unique across the platform.
CREATE TABLE IF NOT EXISTS people (
    id             BINARY(16)   NOT NULL PRIMARY KEY,
    email          VARCHAR(254) NOT NULL COLLATE utf8mb4_bin,
    name           VARCHAR(200) NOT NULL,
    password_hash  VARCHAR(255) NULL COMMENT 'argon2id, PHC string',
    created_at     DATETIME(6)  NOT NULL,
    updated_at     DATETIME(6)  NOT NULL,
    UNIQUE KEY people_email (email)
);
