-- Who comes in by other ways than a password has none. SQLite drops NOT NULL of a column only with the
-- column.
ALTER TABLE users ADD COLUMN nullable_hash TEXT;
UPDATE users SET nullable_hash = password_hash;
ALTER TABLE users DROP COLUMN password_hash;
ALTER TABLE users RENAME COLUMN nullable_hash TO password_hash;
