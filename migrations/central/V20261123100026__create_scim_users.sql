-- What a tenant's directory says of a member, beside what we know ourselves.
CREATE TABLE IF NOT EXISTS scim_users (
    member_id   BINARY(16)   NOT NULL PRIMARY KEY,
    tenant_id   BINARY(16)   NOT NULL,
    user_name   VARCHAR(255) NOT NULL,
    external_id VARCHAR(255) NULL COLLATE utf8mb4_bin,
    attributes  JSON         NOT NULL,
    revision    INT UNSIGNED NOT NULL,
    created_at  DATETIME(6)  NOT NULL,
    updated_at  DATETIME(6)  NOT NULL,
    UNIQUE KEY scim_users_name (tenant_id, user_name),
    KEY scim_users_external (tenant_id, external_id),
    CONSTRAINT scim_users_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
