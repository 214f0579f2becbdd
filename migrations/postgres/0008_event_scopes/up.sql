-- By what an event is found, and what decides who may see it.
DROP TRIGGER events_are_never_changed ON events;

ALTER TABLE events ADD COLUMN subject_type TEXT;
ALTER TABLE events ADD COLUMN subject_id BIGINT;
ALTER TABLE events ADD COLUMN thread_id BIGINT;
ALTER TABLE events ADD COLUMN requester_id BIGINT;
ALTER TABLE events ADD COLUMN file_id BIGINT;
-- Which parties saw a file that is gone: 1 the client, 2 the writer, 3 both. Older rows don't say.
ALTER TABLE events ADD COLUMN seen_by SMALLINT CHECK (seen_by BETWEEN 0 AND 3);

-- A registered subject may be of any kind, so that only the action tells what an event is about.
UPDATE events SET subject_type = content_type, subject_id = object_id
WHERE action LIKE 'subject.%' OR action LIKE 'bundle.%';

UPDATE events
SET file_id = object_id, subject_type = 'class_bundle', subject_id = (detail ->> 'bundle')::BIGINT
WHERE action LIKE 'file.%';

UPDATE events SET thread_id = object_id WHERE action LIKE 'thread.%';
UPDATE events SET thread_id = messages.thread_id
FROM messages
WHERE messages.id = events.object_id AND events.action LIKE 'message.%';
UPDATE events SET subject_type = threads.content_type, subject_id = threads.object_id
FROM threads
WHERE threads.id = events.thread_id;

UPDATE events
SET
    requester_id = tickets.requester_id,
    subject_type = tickets.content_type,
    subject_id = tickets.object_id
FROM tickets
WHERE tickets.id = events.ticket_id;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
