-- System groups (their members follow from role and external) and custom ones.
CREATE TABLE IF NOT EXISTS member_groups (
    id         BINARY(16)   NOT NULL PRIMARY KEY,
    system     VARCHAR(16)  NULL COMMENT 'architects | builders | users | internal | external; null for custom groups',
    name       VARCHAR(100) NOT NULL,
    revision   INT UNSIGNED NOT NULL DEFAULT 1,
    created_at DATETIME(6)  NOT NULL,
    UNIQUE KEY member_groups_system (system),
    UNIQUE KEY member_groups_name (name)
);
