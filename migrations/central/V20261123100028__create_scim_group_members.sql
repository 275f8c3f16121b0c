CREATE TABLE IF NOT EXISTS scim_group_members (
    group_id  BINARY(16) NOT NULL,
    member_id BINARY(16) NOT NULL,
    PRIMARY KEY (group_id, member_id),
    KEY scim_group_members_of_member (member_id),
    CONSTRAINT scim_group_members_group FOREIGN KEY (group_id) REFERENCES scim_groups (id),
    CONSTRAINT scim_group_members_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
