-- The account of each server that may see whether anything waits in tenants' outboxes, and nothing else. Its password is sealed.
CREATE TABLE IF NOT EXISTS sweep_accounts (
    server_id  BINARY(16)     NOT NULL PRIMARY KEY,
    user_name  VARCHAR(80)    NOT NULL,
    password   VARBINARY(512) NOT NULL COMMENT 'AEAD envelope',
    created_at DATETIME(6)    NOT NULL,
    CONSTRAINT sweep_accounts_server FOREIGN KEY (server_id) REFERENCES database_servers (id)
);
