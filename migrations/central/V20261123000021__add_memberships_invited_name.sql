-- The name that the inviting architect gave. Shown until the person comes: that a stranger with this address has an account, and under which name, is nobody's business before.
ALTER TABLE memberships ADD COLUMN IF NOT EXISTS invited_name VARCHAR(200) NULL COMMENT 'until accepted';
