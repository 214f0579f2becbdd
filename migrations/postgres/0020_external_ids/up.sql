-- The id in the system that somebody comes from.
ALTER TABLE users ADD COLUMN external_id TEXT CHECK (length(external_id) BETWEEN 1 AND 255);
CREATE UNIQUE INDEX users_by_external_id ON users (external_id);
-- In which language and time zone a person reads.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';
