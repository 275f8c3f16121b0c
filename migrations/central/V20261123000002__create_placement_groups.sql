-- A set of tenants kept together: region, release ring, limits.
CREATE TABLE IF NOT EXISTS placement_groups (
    id         BINARY(16)   NOT NULL PRIMARY KEY,
    name       VARCHAR(63)  NOT NULL COLLATE utf8mb4_bin,
    ring       VARCHAR(16)  NOT NULL COMMENT 'internal | early | general',
    created_at DATETIME(6)  NOT NULL,
    UNIQUE KEY placement_groups_name (name)
);
