ALTER TABLE users DROP COLUMN time_zone;
ALTER TABLE users DROP COLUMN language;
DROP INDEX users_by_external_id;
ALTER TABLE users DROP COLUMN external_id;
