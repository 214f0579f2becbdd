DROP INDEX blobs_by_due_time;
CREATE INDEX blobs_by_state ON blobs (state, id);
ALTER TABLE blobs DROP COLUMN attempts;
ALTER TABLE blobs DROP COLUMN due_at;
