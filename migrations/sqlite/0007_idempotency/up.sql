CREATE TABLE idempotency_keys (
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
    -- The rendered answer, which follows the commit.
    answer_status INTEGER CHECK (answer_status BETWEEN 100 AND 599),
    answer_body BLOB,
    UNIQUE (user_id, operation, key),
    CHECK ((fingerprint IS NULL) = (object_id IS NULL)),
    CHECK ((answer_status IS NULL) = (answer_body IS NULL)),
    CHECK (answer_status IS NULL OR object_id IS NOT NULL)
) STRICT;
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (ends_at);
