ALTER TABLE audit_log ADD KEY IF NOT EXISTS audit_log_of_actor (actor_id, id);
