-- Who comes in by other ways than a password has none.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
