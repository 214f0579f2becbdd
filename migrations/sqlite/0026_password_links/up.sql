-- Links by which people give themselves a password. A new one takes the place of the one before.
CREATE TABLE password_links (
    user_id INTEGER PRIMARY KEY REFERENCES users (id),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT;
