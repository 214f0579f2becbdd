DROP TABLE message_attachments;
DROP TABLE read_marks;
ALTER TABLE threads DROP CONSTRAINT threads_last_message_fkey;
DROP TABLE messages;
DROP TABLE thread_participants;
DROP TABLE threads;
