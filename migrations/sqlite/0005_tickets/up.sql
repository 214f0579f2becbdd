CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    -- One line longer than what people write: it names the subject.
    description TEXT NOT NULL CHECK (length(description) <= 20400),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'critical')),
    category TEXT NOT NULL
        CHECK (category IN ('general', 'payment', 'technical', 'feedback', 'order', 'other')),
    status TEXT NOT NULL
        CHECK (status IN ('open', 'in_progress', 'awaiting_response', 'escalated', 'closed')),
    is_escalated INTEGER NOT NULL CHECK (is_escalated IN (0, 1)),
    content_type TEXT,
    object_id INTEGER,
    created_by INTEGER NOT NULL REFERENCES users (id),
    requester_id INTEGER NOT NULL REFERENCES users (id),
    assigned_to INTEGER REFERENCES users (id),
    resolved_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    public_messages INTEGER NOT NULL DEFAULT 0 CHECK (public_messages >= 0),
    internal_messages INTEGER NOT NULL DEFAULT 0 CHECK (internal_messages >= 0),
    public_attachments INTEGER NOT NULL DEFAULT 0 CHECK (public_attachments >= 0),
    internal_attachments INTEGER NOT NULL DEFAULT 0 CHECK (internal_attachments >= 0),
    FOREIGN KEY (content_type, object_id) REFERENCES subjects (content_type, object_id),
    CHECK ((content_type IS NULL) = (object_id IS NULL)),
    CHECK ((status = 'closed') = (resolved_at IS NOT NULL))
) STRICT;
CREATE INDEX tickets_by_status ON tickets (status, id);
CREATE INDEX tickets_by_priority ON tickets (priority, id);
CREATE INDEX tickets_by_category ON tickets (category, id);
CREATE INDEX tickets_by_assignee ON tickets (assigned_to, id);
CREATE INDEX tickets_by_creator ON tickets (created_by, id);
CREATE INDEX tickets_by_requester ON tickets (requester_id, id);
CREATE INDEX tickets_by_subject ON tickets (object_id, content_type, id);
CREATE INDEX tickets_by_kind ON tickets (content_type, id);

CREATE TABLE ticket_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    sender_id INTEGER NOT NULL REFERENCES users (id),
    body TEXT NOT NULL CHECK (length(body) <= 10000),
    is_internal INTEGER NOT NULL CHECK (is_internal IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ticket_messages_by_ticket ON ticket_messages (ticket_id, id);

CREATE TABLE ticket_attachments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    blob_id INTEGER NOT NULL UNIQUE REFERENCES blobs (id),
    file_name TEXT NOT NULL CHECK (length(file_name) >= 1),
    is_internal INTEGER NOT NULL CHECK (is_internal IN (0, 1)),
    uploaded_by INTEGER NOT NULL REFERENCES users (id),
    uploaded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ticket_attachments_by_ticket ON ticket_attachments (ticket_id, id);
