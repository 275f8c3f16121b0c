-- Browsers in which a person has signed in: others' failures do not slow them down.
CREATE TABLE IF NOT EXISTS known_devices (
    person_id   BINARY(16)  NOT NULL,
    device_hash BINARY(32)  NOT NULL COMMENT 'of the device cookie',
    created_at  DATETIME(6) NOT NULL,
    seen_at     DATETIME(6) NOT NULL,
    PRIMARY KEY (person_id, device_hash),
    CONSTRAINT known_devices_person FOREIGN KEY (person_id) REFERENCES people (id)
);
