-- Receivers of events outside, and what is sent to them.
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL,
    -- Words with blanks between them.
    types TEXT NOT NULL,
    include_internal INTEGER NOT NULL CHECK (include_internal IN (0, 1)),
    description TEXT NOT NULL,
    -- Why it is not active; null when it is.
    disabled TEXT CHECK (disabled IN ('manual', 'gone', 'failing')),
    -- It gets events with a greater id.
    starts_after INTEGER NOT NULL,
    secret BLOB NOT NULL,
    old_secret BLOB,
    old_secret_until INTEGER,
    last_success_at INTEGER,
    failing_since INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    paused_until INTEGER,
    -- Until when one process alone sends to it.
    leased_until INTEGER,
    created_by INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- From then on nobody finds it, and its deliveries are removed little by little.
    removed_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
) STRICT;

CREATE TABLE webhook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id),
    -- Null for a ping.
    event_id INTEGER REFERENCES events (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    -- When it is tried next; null once it has ended.
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Attempts since it was queued, or tried again by hand.
    tries INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    UNIQUE (webhook_id, event_id),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((due_at IS NULL) = (finished_at IS NOT NULL))
) STRICT;
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, id, due_at)
    WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_pings ON webhook_deliveries (webhook_id, id)
    WHERE due_at IS NOT NULL AND event_id IS NULL;
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (state, finished_at)
    WHERE finished_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id INTEGER NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    duration_us INTEGER NOT NULL,
    response TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT;

-- Up to where readers of the log have committed what follows from it.
CREATE TABLE log_consumers (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT;
INSERT INTO log_consumers (name, position) VALUES ('webhooks', 0);
