ALTER TABLE bundle_files DROP COLUMN version;
ALTER TABLE messages DROP COLUMN version;
ALTER TABLE threads DROP COLUMN version;
ALTER TABLE subjects DROP COLUMN version;
ALTER TABLE users DROP COLUMN version;
