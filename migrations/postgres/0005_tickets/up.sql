CREATE TABLE tickets (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    -- One line longer than what people write: it names the subject.
    description TEXT NOT NULL CHECK (length(description) <= 20400),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'critical')),
    category TEXT NOT NULL
        CHECK (category IN ('general', 'payment', 'technical', 'feedback', 'order', 'other')),
    status TEXT NOT NULL
        CHECK (status IN ('open', 'in_progress', 'awaiting_response', 'escalated', 'closed')),
    is_escalated BOOLEAN NOT NULL,
    content_type TEXT,
    object_id BIGINT,
    created_by BIGINT NOT NULL REFERENCES users (id),
    requester_id BIGINT NOT NULL REFERENCES users (id),
    assigned_to BIGINT REFERENCES users (id),
    resolved_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    public_messages BIGINT NOT NULL DEFAULT 0 CHECK (public_messages >= 0),
    internal_messages BIGINT NOT NULL DEFAULT 0 CHECK (internal_messages >= 0),
    public_attachments BIGINT NOT NULL DEFAULT 0 CHECK (public_attachments >= 0),
    internal_attachments BIGINT NOT NULL DEFAULT 0 CHECK (internal_attachments >= 0),
    FOREIGN KEY (content_type, object_id) REFERENCES subjects (content_type, object_id),
    CHECK ((content_type IS NULL) = (object_id IS NULL)),
    CHECK ((status = 'closed') = (resolved_at IS NOT NULL))
);
CREATE INDEX tickets_by_status ON tickets (status, id);
CREATE INDEX tickets_by_priority ON tickets (priority, id);
CREATE INDEX tickets_by_category ON tickets (category, id);
CREATE INDEX tickets_by_assignee ON tickets (assigned_to, id);
CREATE INDEX tickets_by_creator ON tickets (created_by, id);
CREATE INDEX tickets_by_requester ON tickets (requester_id, id);
CREATE INDEX tickets_by_subject ON tickets (object_id, content_type, id);
CREATE INDEX tickets_by_kind ON tickets (content_type, id);

CREATE TABLE ticket_messages (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    sender_id BIGINT NOT NULL REFERENCES users (id),
    body TEXT NOT NULL CHECK (length(body) <= 10000),
    is_internal BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX ticket_messages_by_ticket ON ticket_messages (ticket_id, id);

CREATE TABLE ticket_attachments (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    blob_id BIGINT NOT NULL UNIQUE REFERENCES blobs (id),
    file_name TEXT NOT NULL CHECK (length(file_name) >= 1),
    is_internal BOOLEAN NOT NULL,
    uploaded_by BIGINT NOT NULL REFERENCES users (id),
    uploaded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX ticket_attachments_by_ticket ON ticket_attachments (ticket_id, id);
