-- The tenant's own record of what staff did with its consent: who came in, when and from where.
CREATE TABLE IF NOT EXISTS support_visits (
    id         BINARY(16)   NOT NULL PRIMARY KEY COMMENT 'of the session',
    consent_id BINARY(16)   NOT NULL,
    staff_name VARCHAR(200) NOT NULL,
    address    VARCHAR(45)  NOT NULL,
    entered_at DATETIME(6)  NOT NULL,
    ended_at   DATETIME(6)  NULL,
    KEY support_visits_of_consent (consent_id, id)
);
