-- Nodes of the tenant runtime: who may ask the node API, who takes requests.
CREATE TABLE IF NOT EXISTS runtime_nodes (
    id            BINARY(16)   NOT NULL PRIMARY KEY,
    name          VARCHAR(63)  NOT NULL COLLATE utf8mb4_bin,
    ring          VARCHAR(16)  NOT NULL COMMENT 'internal | early | general',
    secret_hash   BINARY(32)   NOT NULL COMMENT 'SHA-256 of 256 random bits',
    address       VARCHAR(255) NULL COMMENT 'host:port that the gateway forwards to; null for workers',
    version       VARCHAR(32)  NULL,
    draining      BOOLEAN      NOT NULL DEFAULT FALSE,
    in_flight     INT UNSIGNED NOT NULL DEFAULT 0,
    registered_at DATETIME(6)  NULL,
    last_beat_at  DATETIME(6)  NULL,
    created_at    DATETIME(6)  NOT NULL,
    UNIQUE KEY runtime_nodes_name (name),
    KEY runtime_nodes_beat (ring, last_beat_at)
);
