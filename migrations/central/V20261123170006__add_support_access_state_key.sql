ALTER TABLE support_access ADD KEY IF NOT EXISTS support_access_state (state, id);
