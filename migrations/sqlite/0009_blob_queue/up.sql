-- Rows of bytes that are to be swept are a queue: each one is due at some time. Taking it makes it
-- due again when the lease of the taker ends.
ALTER TABLE blobs ADD COLUMN due_at INTEGER;
ALTER TABLE blobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;

-- An upload may stay without an owner for a day.
UPDATE blobs SET due_at = created_at + 86400000000 WHERE state = 'pending';
UPDATE blobs SET due_at = created_at WHERE state = 'deleted';

DROP INDEX blobs_by_state;
CREATE INDEX blobs_by_due_time ON blobs (due_at, id) WHERE due_at IS NOT NULL;
