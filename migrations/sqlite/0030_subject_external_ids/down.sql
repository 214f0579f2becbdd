DROP TABLE removed_subjects;
ALTER TABLE bundles DROP COLUMN external_id;
DROP INDEX subjects_by_external_id;
ALTER TABLE subjects DROP COLUMN external_id;
