-- One row: the number of the tenant's last event. Taken as the last statement before commit, so that numbers commit in order.
CREATE TABLE IF NOT EXISTS event_counter (
    id    TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (id = 1),
    value BIGINT UNSIGNED  NOT NULL
);
