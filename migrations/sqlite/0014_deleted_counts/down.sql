DROP INDEX messages_deleted;
ALTER TABLE thread_participants DROP COLUMN known_deleted_count;
ALTER TABLE threads DROP COLUMN deleted_count;
