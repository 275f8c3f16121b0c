-- Architects who may use their password while single sign-on is enforced. At most two a tenant.
CREATE TABLE IF NOT EXISTS break_glass_owners (
    member_id BINARY(16)  NOT NULL PRIMARY KEY,
    tenant_id BINARY(16)  NOT NULL,
    named_by  BINARY(16)  NOT NULL,
    named_at  DATETIME(6) NOT NULL,
    KEY break_glass_owners_of_tenant (tenant_id),
    CONSTRAINT break_glass_owners_member FOREIGN KEY (member_id) REFERENCES memberships (member_id)
);
