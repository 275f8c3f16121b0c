-- Events that can never take effect, and indexes by class: what waits, and what is out longest.
ALTER TABLE outbox
    ADD COLUMN IF NOT EXISTS dead_at DATETIME(6) NULL COMMENT 'in the dead letters; not sent again by itself',
    DROP INDEX IF EXISTS outbox_unpublished,
    DROP INDEX IF EXISTS outbox_outstanding,
    ADD INDEX outbox_unpublished (published_at, class, number),
    ADD INDEX outbox_outstanding (done_at, dead_at, class, published_at);
