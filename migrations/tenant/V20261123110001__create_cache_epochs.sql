-- How often what is in a grid or folder has changed. Kept answers are known by it. Bumped in the transaction of the change.
CREATE TABLE IF NOT EXISTS cache_epochs (
    scope   BINARY(16)      NOT NULL PRIMARY KEY COMMENT 'a grid or folder',
    version BIGINT UNSIGNED NOT NULL
);
