ALTER TABLE sessions ADD KEY IF NOT EXISTS sessions_of_connection (connection_id, person_id);
