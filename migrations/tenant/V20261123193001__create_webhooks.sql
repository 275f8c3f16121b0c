-- Addresses of the tenant's that hear of its events, and what is signed with. Architects keep them.
CREATE TABLE IF NOT EXISTS webhooks (
    id              BINARY(16)     NOT NULL PRIMARY KEY,
    url             VARCHAR(2000)  NOT NULL,
    description     VARCHAR(500)   NOT NULL,
    kinds           JSON           NOT NULL COMMENT 'list of kinds of event, or patterns: "*", "work_item.*"',
    grid_id         BINARY(16)     NULL COMMENT 'only what happens in this grid',
    folder_id       BINARY(16)     NULL COMMENT 'only what happens in or below this folder',
    secret          VARBINARY(255) NOT NULL COMMENT 'sealed',
    previous_secret VARBINARY(255) NULL COMMENT 'sealed; signs too until previous_until',
    previous_until  DATETIME(6)    NULL,
    failures        INT UNSIGNED   NOT NULL COMMENT 'failed attempts since the last that succeeded',
    failing_since   DATETIME(6)    NULL COMMENT 'the first of them',
    disabled_at     DATETIME(6)    NULL,
    disabled_reason VARCHAR(16)    NULL COMMENT 'person | gone | failing',
    created_by      BINARY(16)     NOT NULL,
    revision        INT UNSIGNED   NOT NULL,
    created_at      DATETIME(6)    NOT NULL,
    updated_at      DATETIME(6)    NOT NULL
);
