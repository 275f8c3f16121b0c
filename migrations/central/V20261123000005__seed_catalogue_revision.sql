INSERT IGNORE INTO catalogue_revision (id, value) VALUES (1, 0);
