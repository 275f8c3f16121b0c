ALTER TABLE dead_letters ADD KEY IF NOT EXISTS dead_letters_changed (state, changed_at);
