-- Rights on folders and grids. Copied from the parent at creation, independent afterwards.
CREATE TABLE IF NOT EXISTS grants (
    id         BINARY(16)       NOT NULL PRIMARY KEY,
    object_id  BINARY(16)       NOT NULL COMMENT 'folder or grid',
    object     VARCHAR(8)       NOT NULL COMMENT 'folder | grid',
    member_id  BINARY(16)       NULL,
    group_id   BINARY(16)       NULL,
    level      TINYINT UNSIGNED NOT NULL COMMENT '1 view, 2 edit, 3 manage',
    revision   INT UNSIGNED     NOT NULL DEFAULT 1,
    created_at DATETIME(6)      NOT NULL,
    UNIQUE KEY grants_member (object_id, member_id),
    UNIQUE KEY grants_group (object_id, group_id),
    KEY grants_of_member (member_id, object),
    KEY grants_of_group (group_id, object),
    CONSTRAINT grants_subject CHECK ((member_id IS NULL) <> (group_id IS NULL)),
    CONSTRAINT grants_member_exists FOREIGN KEY (member_id) REFERENCES members (id),
    CONSTRAINT grants_group_exists FOREIGN KEY (group_id) REFERENCES member_groups (id)
);
