ALTER TABLE sessions ADD KEY IF NOT EXISTS sessions_of_person (person_id, revoked_at, id);
