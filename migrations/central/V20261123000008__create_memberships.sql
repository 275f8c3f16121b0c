-- A person in a tenant. The tenant database holds a projection of it, of this version.
CREATE TABLE IF NOT EXISTS memberships (
    member_id  BINARY(16)   NOT NULL PRIMARY KEY,
    tenant_id  BINARY(16)   NOT NULL,
    person_id  BINARY(16)   NOT NULL,
    role       VARCHAR(16)  NOT NULL COMMENT 'architect | builder | user',
    external   BOOLEAN      NOT NULL,
    state      VARCHAR(16)  NOT NULL COMMENT 'invited | active | archived',
    version    INT UNSIGNED NOT NULL,
    projected  INT UNSIGNED NOT NULL COMMENT 'the version that the tenant database has',
    behind     BOOLEAN      AS (projected < version) PERSISTENT COMMENT 'the projector has work',
    created_at DATETIME(6)  NOT NULL,
    updated_at DATETIME(6)  NOT NULL,
    UNIQUE KEY memberships_person (tenant_id, person_id),
    KEY memberships_of_person (person_id),
    KEY memberships_behind (behind, updated_at),
    CONSTRAINT memberships_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT memberships_person_exists FOREIGN KEY (person_id) REFERENCES people (id)
);
