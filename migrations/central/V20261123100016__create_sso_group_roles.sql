-- What membership a group of the provider gives. Looked up again at each sign-in.
CREATE TABLE IF NOT EXISTS sso_group_roles (
    connection_id BINARY(16)   NOT NULL,
    group_name    VARCHAR(255) NOT NULL COLLATE utf8mb4_bin,
    role          VARCHAR(16)  NOT NULL,
    external      BOOLEAN      NOT NULL,
    PRIMARY KEY (connection_id, group_name),
    CONSTRAINT sso_group_roles_connection FOREIGN KEY (connection_id) REFERENCES sso_connections (id)
);
