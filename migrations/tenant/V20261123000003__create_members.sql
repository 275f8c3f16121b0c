-- Projection of the control plane's memberships, of the version that is here.
CREATE TABLE IF NOT EXISTS members (
    id         BINARY(16)   NOT NULL PRIMARY KEY,
    name       VARCHAR(200) NOT NULL,
    email      VARCHAR(254) NOT NULL COLLATE utf8mb4_bin,
    role       VARCHAR(16)  NOT NULL COMMENT 'architect | builder | user',
    external   BOOLEAN      NOT NULL,
    state      VARCHAR(16)  NOT NULL COMMENT 'invited | active | archived',
    version    INT UNSIGNED NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    UNIQUE KEY members_email (email)
);
