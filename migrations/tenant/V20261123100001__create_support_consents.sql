-- The tenant's own word that a member of the platform's staff may look in. Withdrawing it ends the access at once.
CREATE TABLE IF NOT EXISTS support_consents (
    id           BINARY(16)   NOT NULL PRIMARY KEY COMMENT 'of the request',
    staff_name   VARCHAR(200) NOT NULL,
    reason       VARCHAR(500) NOT NULL,
    granted_by   BINARY(16)   NOT NULL,
    granted_at   DATETIME(6)  NOT NULL,
    expires_at   DATETIME(6)  NOT NULL,
    withdrawn_by BINARY(16)   NULL,
    withdrawn_at DATETIME(6)  NULL
);
