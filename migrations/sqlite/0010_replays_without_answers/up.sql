-- A repeated request is answered with the thing as it is now, so no answer is kept. A column that
-- a check of the table names can't be dropped, so the table is made anew.
CREATE TABLE new_idempotency_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    operation TEXT NOT NULL,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- Counts up each time the key is reserved anew.
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    reserved_at INTEGER NOT NULL,
    -- When the lease ends, or when what was completed is forgotten; null once it was released.
    ends_at INTEGER,
    -- Set together by the commit that completes the reservation.
    fingerprint BLOB CHECK (length(fingerprint) = 32),
    object_id INTEGER,
    UNIQUE (user_id, operation, key),
    CHECK ((fingerprint IS NULL) = (object_id IS NULL))
) STRICT;

INSERT INTO new_idempotency_keys
SELECT
    id, user_id, operation, key, attempt, reserved_at, ends_at, fingerprint, object_id
FROM idempotency_keys;

-- Ids are not used twice, not even those of rows that are gone.
DELETE FROM sqlite_sequence WHERE name = 'new_idempotency_keys';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'new_idempotency_keys', seq FROM sqlite_sequence WHERE name = 'idempotency_keys';

DROP TABLE idempotency_keys;
ALTER TABLE new_idempotency_keys RENAME TO idempotency_keys;
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (ends_at);
