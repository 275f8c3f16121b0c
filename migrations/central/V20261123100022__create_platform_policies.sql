-- Rules of the platform itself: `people` for all tenants' people, `staff` for staff.
CREATE TABLE IF NOT EXISTS platform_policies (
    subject    VARCHAR(16)  NOT NULL COLLATE ascii_bin PRIMARY KEY COMMENT 'people | staff',
    policy     JSON         NOT NULL,
    revision   INT UNSIGNED NOT NULL,
    updated_at DATETIME(6)  NOT NULL,
    updated_by BINARY(16)   NULL
);
