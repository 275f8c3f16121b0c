CREATE TABLE IF NOT EXISTS group_members (
    group_id  BINARY(16) NOT NULL,
    member_id BINARY(16) NOT NULL,
    PRIMARY KEY (group_id, member_id),
    KEY group_members_member (member_id),
    CONSTRAINT group_members_group FOREIGN KEY (group_id) REFERENCES member_groups (id) ON DELETE CASCADE,
    CONSTRAINT group_members_member_exists FOREIGN KEY (member_id) REFERENCES members (id)
);
