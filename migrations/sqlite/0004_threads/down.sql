DROP TABLE message_attachments;
DROP TABLE read_marks;
UPDATE threads SET last_message_id = NULL;
DROP TABLE messages;
DROP TABLE thread_participants;
DROP TABLE threads;
