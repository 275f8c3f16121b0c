CREATE TABLE IF NOT EXISTS folders (
    id         BINARY(16)   NOT NULL PRIMARY KEY,
    parent_id  BINARY(16)   NULL COMMENT 'null: the root, or a member''s own "My grids"',
    owner_id   BINARY(16)   NULL COMMENT 'the member whose "My grids" it is',
    name       VARCHAR(200) NOT NULL,
    position   BIGINT       NOT NULL,
    revision   INT UNSIGNED NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    updated_at DATETIME(6)  NOT NULL,
    deleted_at DATETIME(6)  NULL,
    deletion   BINARY(16)   NULL COMMENT 'the folder or item whose deletion took this with it',
    UNIQUE KEY folders_owner (owner_id),
    KEY folders_parent (parent_id, deleted_at, position, id),
    KEY folders_deletion (deletion),
    CONSTRAINT folders_parent_exists FOREIGN KEY (parent_id) REFERENCES folders (id),
    CONSTRAINT folders_owner_exists FOREIGN KEY (owner_id) REFERENCES members (id)
);
