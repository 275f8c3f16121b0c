-- The timers of each ring, as the last leader told them.
CREATE TABLE IF NOT EXISTS timers (
    ring     VARCHAR(16)  NOT NULL COMMENT 'internal | early | general',
    name     VARCHAR(64)  NOT NULL COLLATE utf8mb4_bin,
    schedule VARCHAR(128) NOT NULL COMMENT 'in words',
    purpose  VARCHAR(255) NOT NULL,
    next_at  DATETIME(6)  NOT NULL,
    PRIMARY KEY (ring, name)
);
