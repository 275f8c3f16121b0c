-- Classes of messages of which no worker takes anything.
CREATE TABLE IF NOT EXISTS queue_pauses (
    class     VARCHAR(32)  NOT NULL PRIMARY KEY,
    reason    VARCHAR(500) NOT NULL,
    paused_by BINARY(16)   NULL COMMENT 'the member of staff; null for a command on the server',
    paused_at DATETIME(6)  NOT NULL
);
