-- The log of changes: the audit trail and the history of tickets in one.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor_id INTEGER REFERENCES users (id),
    action TEXT NOT NULL,
    content_type TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    ticket_id INTEGER REFERENCES tickets (id),
    is_internal INTEGER NOT NULL CHECK (is_internal IN (0, 1)),
    value_before TEXT,
    value_after TEXT,
    detail TEXT NOT NULL CHECK (json_valid(detail))
) STRICT;
CREATE INDEX events_by_actor ON events (actor_id, at, id);
CREATE INDEX events_by_action ON events (action, at, id);
CREATE INDEX events_by_kind ON events (content_type, at, id);
CREATE INDEX events_by_object ON events (object_id, content_type, at, id);
CREATE INDEX events_by_time ON events (at, id);
CREATE INDEX events_by_ticket ON events (ticket_id, id) WHERE ticket_id IS NOT NULL;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
