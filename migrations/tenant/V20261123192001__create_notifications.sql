-- What members were told, in the app and by mail. Written by the consumer of class notification; kept half a year.
CREATE TABLE IF NOT EXISTS notifications (
    id           BINARY(16)      NOT NULL PRIMARY KEY,
    member_id    BINARY(16)      NOT NULL COMMENT 'who is told',
    kind         VARCHAR(32)     NOT NULL COMMENT 'the trigger: assigned | completed | ...',
    object       VARCHAR(16)     NOT NULL COMMENT 'work_item | folder',
    object_id    BINARY(16)      NOT NULL,
    event_number BIGINT UNSIGNED NULL COMMENT 'null: its time had come',
    actor_id     BINARY(16)      NULL COMMENT 'who did it',
    detail       JSON            NOT NULL COMMENT 'what of it the sentence needs',
    in_app       BOOLEAN         NOT NULL,
    mail         VARCHAR(8)      NOT NULL COMMENT 'instant | daily: to be told by mail; sent, dropped: no more; off: never',
    mail_id      BINARY(16)      NULL COMMENT 'the mail that tells it',
    occurred_at  DATETIME(6)     NOT NULL,
    created_at   DATETIME(6)     NOT NULL,
    read_at      DATETIME(6)     NULL,
    withdrawn_at DATETIME(6)     NULL COMMENT 'undone before anybody took note',
    KEY notifications_of_member (member_id, id),
    KEY notifications_unread (member_id, read_at, id),
    KEY notifications_of_object (member_id, object_id, kind),
    KEY notifications_to_mail (member_id, mail, object_id),
    KEY notifications_age (created_at),
    CONSTRAINT notifications_member_exists FOREIGN KEY (member_id) REFERENCES members (id)
);
