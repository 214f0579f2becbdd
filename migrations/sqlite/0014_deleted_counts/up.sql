-- A deleted message is unread for nobody. These counts spare every list the counting of messages: of
-- what is unread by message_count and read_count, deleted_count - known_deleted_count is deleted.
ALTER TABLE threads
    ADD COLUMN deleted_count INTEGER NOT NULL DEFAULT 0 CHECK (deleted_count >= 0);
-- How many deleted messages lie up to the person's mark or are their own.
ALTER TABLE thread_participants
    ADD COLUMN known_deleted_count INTEGER NOT NULL DEFAULT 0 CHECK (known_deleted_count >= 0);
CREATE INDEX messages_deleted ON messages (thread_id, id, sender_id) WHERE deleted_at IS NOT NULL;

UPDATE threads
SET deleted_count = (
    SELECT count(*) FROM messages
    WHERE messages.thread_id = threads.id AND messages.deleted_at IS NOT NULL
)
WHERE id IN (SELECT thread_id FROM messages WHERE deleted_at IS NOT NULL);
UPDATE thread_participants
SET known_deleted_count = (
    SELECT count(*) FROM messages
    WHERE messages.thread_id = thread_participants.thread_id
        AND messages.deleted_at IS NOT NULL
        AND (
            messages.id <= thread_participants.last_read_id
            OR messages.sender_id = thread_participants.user_id
        )
)
WHERE thread_id IN (SELECT thread_id FROM messages WHERE deleted_at IS NOT NULL);
