-- Who leads the timers of a ring. The token grows with every leader; what comes with a smaller one is refused.
CREATE TABLE IF NOT EXISTS timer_leaders (
    ring    VARCHAR(16)     NOT NULL PRIMARY KEY,
    token   BIGINT UNSIGNED NOT NULL,
    node_id BINARY(16)      NOT NULL,
    since   DATETIME(6)     NOT NULL,
    seen_at DATETIME(6)     NOT NULL
);
