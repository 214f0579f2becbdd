-- What can be changed counts its changes, so that a change can be made for one version alone. What there
-- is already is in its first version.
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1);
ALTER TABLE subjects ADD COLUMN version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1);
ALTER TABLE threads ADD COLUMN version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1);
ALTER TABLE messages ADD COLUMN version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1);
ALTER TABLE bundle_files ADD COLUMN version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1);

-- A bundle's subject is in the version of the bundle.
UPDATE subjects
SET version = (SELECT bundles.version FROM bundles WHERE bundles.id = subjects.object_id)
WHERE content_type = 'class_bundle';
