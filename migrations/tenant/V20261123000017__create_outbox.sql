-- Events of committed changes, one row per class that handles them. Kept 7 days; live clients resume from here.
CREATE TABLE IF NOT EXISTS outbox (
    number       BIGINT UNSIGNED   NOT NULL,
    class        VARCHAR(16)       NOT NULL COMMENT 'activity | notification | invalidation | schedule',
    event_id     BINARY(16)        NOT NULL,
    kind         VARCHAR(64)       NOT NULL,
    version      SMALLINT UNSIGNED NOT NULL,
    payload      JSON              NOT NULL,
    occurred_at  DATETIME(6)       NOT NULL,
    traceparent  CHAR(55)          NULL COLLATE ascii_bin,
    published_at DATETIME(6)       NULL,
    done_at      DATETIME(6)       NULL,
    PRIMARY KEY (number, class),
    KEY outbox_unpublished (published_at, number),
    KEY outbox_outstanding (done_at, class, number)
);
