-- Names are kept as a SHA-256: people type passwords in their place. What was counted so far is lost,
-- a quarter of an hour of it.
DROP TABLE login_failures;
CREATE TABLE login_failures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The name that was typed; from a network that the account knows, the two together.
    counted_under BLOB NOT NULL CHECK (length(counted_under) = 32),
    user_id INTEGER REFERENCES users (id),
    network TEXT NOT NULL,
    failed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_by_key ON login_failures (counted_under, failed_at);
CREATE INDEX login_failures_by_user ON login_failures (user_id);
CREATE INDEX login_failures_by_network ON login_failures (network, failed_at);
CREATE INDEX login_failures_by_time ON login_failures (failed_at);

-- The networks that an account knows: an IPv4 address, or the /64 of an IPv6 address.
CREATE TABLE login_networks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    network TEXT NOT NULL,
    last_login_at INTEGER NOT NULL,
    UNIQUE (user_id, network)
) STRICT;
CREATE INDEX login_networks_by_time ON login_networks (last_login_at);

INSERT INTO login_networks (user_id, network, last_login_at)
SELECT user_id, address, max(created_at)
FROM sessions
WHERE address NOT LIKE '%:%'
GROUP BY user_id, address;
