-- Countries from which nobody comes in, on the whole platform.
CREATE TABLE IF NOT EXISTS unsafe_countries (
    country  CHAR(2)      NOT NULL COLLATE ascii_bin PRIMARY KEY,
    reason   VARCHAR(500) NOT NULL,
    since    DATETIME(6)  NOT NULL,
    staff_id BINARY(16)   NOT NULL,
    CONSTRAINT unsafe_countries_staff FOREIGN KEY (staff_id) REFERENCES staff (id)
);
