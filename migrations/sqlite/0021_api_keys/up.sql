-- How programs come in with somebody's rights.
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL CHECK (length(name) <= 255),
    access TEXT NOT NULL CHECK (access IN ('read', 'write')),
    -- Whether it may act for those whom its owner manages.
    act_as INTEGER NOT NULL CHECK (act_as IN (0, 1)),
    -- Null once it was ended. The row stays, since the log names it.
    token_hash BLOB UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id, id) WHERE token_hash IS NOT NULL;

-- By which key something was done. It is no reference: each change by a key would lock the key's row.
ALTER TABLE events ADD COLUMN api_key_id INTEGER;
