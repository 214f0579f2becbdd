ALTER TABLE events DROP COLUMN seen_by;
ALTER TABLE events DROP COLUMN file_id;
ALTER TABLE events DROP COLUMN requester_id;
ALTER TABLE events DROP COLUMN thread_id;
ALTER TABLE events DROP COLUMN subject_id;
ALTER TABLE events DROP COLUMN subject_type;
