-- How programs come in with somebody's rights.
CREATE TABLE api_keys (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL CHECK (length(name) <= 255),
    access TEXT NOT NULL CHECK (access IN ('read', 'write')),
    -- Whether it may act for those whom its owner manages.
    act_as BOOLEAN NOT NULL,
    -- Null once it was ended. The row stays, since the log names it.
    token_hash BYTEA UNIQUE CHECK (length(token_hash) = 32),
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, id) WHERE token_hash IS NOT NULL;

-- By which key something was done. It is no reference: each change by a key would lock the key's row.
ALTER TABLE events ADD COLUMN api_key_id BIGINT;
