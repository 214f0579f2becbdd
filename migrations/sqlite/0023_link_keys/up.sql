-- What links to files are signed with, one key for each day.
CREATE TABLE link_keys (
    -- Counted from 1970.
    day INTEGER PRIMARY KEY,
    secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;
