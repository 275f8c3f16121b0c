-- What happened, by whom, with old and new values. Append-only, written by the activity consumer.
CREATE TABLE IF NOT EXISTS activity (
    event_number BIGINT UNSIGNED   NOT NULL,
    ordinal      SMALLINT UNSIGNED NOT NULL COMMENT 'one per changed field of the event',
    occurred_at  DATETIME(6)       NOT NULL,
    actor_id     BINARY(16)        NOT NULL,
    kind         VARCHAR(64)       NOT NULL,
    object_id    BINARY(16)        NOT NULL COMMENT 'work item or folder',
    grid_id      BINARY(16)        NULL,
    folder_id    BINARY(16)        NULL,
    field        VARCHAR(64)       NULL,
    old_value    JSON              NULL,
    new_value    JSON              NULL,
    request_id   VARCHAR(64)       NOT NULL,
    PRIMARY KEY (event_number, ordinal),
    KEY activity_object (object_id, event_number, ordinal),
    KEY activity_grid (grid_id, event_number, ordinal)
);
