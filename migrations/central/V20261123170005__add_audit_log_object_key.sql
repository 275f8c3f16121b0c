ALTER TABLE audit_log ADD KEY IF NOT EXISTS audit_log_of_object (object_id, id);
