-- What is to be done at a time. Of the jobs of a key that nobody has taken up yet there is one at most.
CREATE TABLE IF NOT EXISTS jobs (
    id           BINARY(16)        NOT NULL,
    class        VARCHAR(16)       NOT NULL COMMENT 'who does it: notification | webhook | schedule | ...',
    kind         VARCHAR(64)       NOT NULL,
    version      SMALLINT UNSIGNED NOT NULL,
    job_key      VARCHAR(191)      NOT NULL COLLATE ascii_bin,
    payload      JSON              NOT NULL,
    due_at       DATETIME(6)       NOT NULL,
    traceparent  CHAR(55)          NULL COLLATE ascii_bin,
    published_at DATETIME(6)       NULL,
    taken_at     DATETIME(6)       NULL COMMENT 'from then on another job may have the key',
    done_at      DATETIME(6)       NULL,
    dead_at      DATETIME(6)       NULL COMMENT 'in the dead letters; not sent again by itself',
    open_key     VARCHAR(191) COLLATE ascii_bin AS (IF(taken_at IS NULL, job_key, NULL)) PERSISTENT,
    PRIMARY KEY (id),
    UNIQUE KEY jobs_open (class, open_key),
    KEY jobs_unpublished (published_at, class, due_at),
    KEY jobs_outstanding (done_at, dead_at, class, published_at)
);
