CREATE TABLE threads (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content_type TEXT NOT NULL,
    object_id BIGINT NOT NULL,
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    is_active BOOLEAN NOT NULL,
    is_private BOOLEAN NOT NULL,
    created_by BIGINT NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    message_count BIGINT NOT NULL CHECK (message_count >= 0),
    last_message_id BIGINT,
    FOREIGN KEY (content_type, object_id) REFERENCES subjects (content_type, object_id)
);
CREATE INDEX threads_by_subject ON threads (object_id, content_type, updated_at, id);
CREATE INDEX threads_by_kind ON threads (content_type, updated_at, id);
CREATE INDEX threads_by_activity ON threads (updated_at, id);

-- Who is or was in a thread. A row stays when its person leaves, since marks and counts are kept.
-- Unread messages are (message_count - read_count) - (sent_count - sent_read_count), so that
-- neither a post nor a list ever counts messages.
CREATE TABLE thread_participants (
    thread_id BIGINT NOT NULL REFERENCES threads (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    participates BOOLEAN NOT NULL,
    -- The thread's own updated_at once more, for an index by person.
    updated_at TIMESTAMPTZ NOT NULL,
    -- How many messages the person has sent here.
    sent_count BIGINT NOT NULL CHECK (sent_count >= 0),
    last_read_id BIGINT,
    -- How many messages lie up to the mark, and how many of them are the person's own.
    read_count BIGINT NOT NULL CHECK (read_count >= 0),
    sent_read_count BIGINT NOT NULL CHECK (sent_read_count >= 0),
    PRIMARY KEY (thread_id, user_id)
);
CREATE INDEX thread_participants_by_user
    ON thread_participants (user_id, participates, updated_at, thread_id);

CREATE TABLE messages (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id BIGINT NOT NULL REFERENCES threads (id),
    -- The how-manieth message of the thread this is, and of its sender within the thread.
    position BIGINT NOT NULL CHECK (position >= 1),
    sender_id BIGINT NOT NULL REFERENCES users (id),
    sender_position BIGINT NOT NULL CHECK (sender_position >= 1),
    sender_role TEXT NOT NULL
        CHECK (sender_role IN ('client', 'writer', 'editor', 'admin', 'superadmin')),
    recipient_id BIGINT REFERENCES users (id),
    body TEXT NOT NULL CHECK (length(body) <= 10000),
    kind TEXT NOT NULL CHECK (kind IN ('text', 'file', 'system')),
    reply_to BIGINT,
    has_attachment BOOLEAN NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL,
    edited_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ,
    UNIQUE (thread_id, id),
    FOREIGN KEY (thread_id, reply_to) REFERENCES messages (thread_id, id),
    CHECK (deleted_at IS NULL OR (body = '' AND NOT has_attachment))
);
CREATE INDEX messages_by_sender ON messages (thread_id, sender_id, id);

ALTER TABLE threads ADD CONSTRAINT threads_last_message_fkey
    FOREIGN KEY (id, last_message_id) REFERENCES messages (thread_id, id);

-- One row for each time a mark moved: a message was read when the first mark reached it.
CREATE TABLE read_marks (
    thread_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    up_to BIGINT NOT NULL,
    read_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (thread_id, user_id, up_to),
    FOREIGN KEY (thread_id, user_id) REFERENCES thread_participants (thread_id, user_id),
    FOREIGN KEY (thread_id, up_to) REFERENCES messages (thread_id, id)
);
CREATE INDEX read_marks_by_message ON read_marks (thread_id, up_to);

CREATE TABLE message_attachments (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id BIGINT NOT NULL UNIQUE REFERENCES messages (id),
    blob_id BIGINT NOT NULL UNIQUE REFERENCES blobs (id),
    file_name TEXT NOT NULL CHECK (length(file_name) >= 1),
    uploaded_by BIGINT NOT NULL REFERENCES users (id),
    uploaded_at TIMESTAMPTZ NOT NULL
);
