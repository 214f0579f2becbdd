CREATE TABLE threads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_type TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    is_private INTEGER NOT NULL CHECK (is_private IN (0, 1)),
    created_by INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    message_count INTEGER NOT NULL CHECK (message_count >= 0),
    last_message_id INTEGER,
    FOREIGN KEY (content_type, object_id) REFERENCES subjects (content_type, object_id),
    FOREIGN KEY (id, last_message_id) REFERENCES messages (thread_id, id)
) STRICT;
CREATE INDEX threads_by_subject ON threads (object_id, content_type, updated_at, id);
CREATE INDEX threads_by_kind ON threads (content_type, updated_at, id);
CREATE INDEX threads_by_activity ON threads (updated_at, id);

-- Who is or was in a thread. A row stays when its person leaves, since marks and counts are kept.
-- Unread messages are (message_count - read_count) - (sent_count - sent_read_count), so that
-- neither a post nor a list ever counts messages.
CREATE TABLE thread_participants (
    thread_id INTEGER NOT NULL REFERENCES threads (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    participates INTEGER NOT NULL CHECK (participates IN (0, 1)),
    -- The thread's own updated_at once more, for an index by person.
    updated_at INTEGER NOT NULL,
    -- How many messages the person has sent here.
    sent_count INTEGER NOT NULL CHECK (sent_count >= 0),
    last_read_id INTEGER,
    -- How many messages lie up to the mark, and how many of them are the person's own.
    read_count INTEGER NOT NULL CHECK (read_count >= 0),
    sent_read_count INTEGER NOT NULL CHECK (sent_read_count >= 0),
    PRIMARY KEY (thread_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_participants_by_user
    ON thread_participants (user_id, participates, updated_at, thread_id);

-- Rows lie by thread, so that a page of a thread is one run of them and not a look-up for each.
-- Such a table counts no ids up by itself; a message takes the one after the greatest, which is
-- never used twice because messages are never removed.
CREATE TABLE messages (
    id INTEGER NOT NULL UNIQUE CHECK (id >= 1),
    thread_id INTEGER NOT NULL REFERENCES threads (id),
    -- The how-manieth message of the thread this is, and of its sender within the thread.
    position INTEGER NOT NULL CHECK (position >= 1),
    sender_id INTEGER NOT NULL REFERENCES users (id),
    sender_position INTEGER NOT NULL CHECK (sender_position >= 1),
    sender_role TEXT NOT NULL
        CHECK (sender_role IN ('client', 'writer', 'editor', 'admin', 'superadmin')),
    recipient_id INTEGER REFERENCES users (id),
    body TEXT NOT NULL CHECK (length(body) <= 10000),
    kind TEXT NOT NULL CHECK (kind IN ('text', 'file', 'system')),
    reply_to INTEGER,
    has_attachment INTEGER NOT NULL CHECK (has_attachment IN (0, 1)),
    sent_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER,
    PRIMARY KEY (thread_id, id),
    FOREIGN KEY (thread_id, reply_to) REFERENCES messages (thread_id, id),
    CHECK (deleted_at IS NULL OR (body = '' AND NOT has_attachment))
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_by_sender ON messages (thread_id, sender_id, id);

-- One row for each time a mark moved: a message was read when the first mark reached it.
CREATE TABLE read_marks (
    thread_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (thread_id, user_id, up_to),
    FOREIGN KEY (thread_id, user_id) REFERENCES thread_participants (thread_id, user_id),
    FOREIGN KEY (thread_id, up_to) REFERENCES messages (thread_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX read_marks_by_message ON read_marks (thread_id, up_to);

CREATE TABLE message_attachments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL UNIQUE REFERENCES messages (id),
    blob_id INTEGER NOT NULL UNIQUE REFERENCES blobs (id),
    file_name TEXT NOT NULL CHECK (length(file_name) >= 1),
    uploaded_by INTEGER NOT NULL REFERENCES users (id),
    uploaded_at INTEGER NOT NULL
) STRICT;
