-- By which ways people are told: the tenant's row is of id zero, the others are members'.
CREATE TABLE IF NOT EXISTS notification_settings (
    owner_id   BINARY(16)  NOT NULL PRIMARY KEY,
    settings   JSON        NOT NULL,
    updated_at DATETIME(6) NOT NULL
);
