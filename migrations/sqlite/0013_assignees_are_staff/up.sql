-- An open ticket is with active staff or with nobody, and a subject with a writer or with none. The log
-- tells each change as the program does.
INSERT INTO events (
    at, action, content_type, object_id, ticket_id, is_internal, value_before, detail, subject_type,
    subject_id, requester_id
)
SELECT
    CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER), 'ticket.assigned', 'ticket', id, id, 0,
    CAST(assigned_to AS TEXT), '{}', content_type, object_id, requester_id
FROM tickets
WHERE status <> 'closed' AND assigned_to IN (SELECT id FROM users WHERE is_active = 0 OR is_staff = 0)
ORDER BY id;
UPDATE tickets
SET assigned_to = NULL, updated_at = CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER), version = version + 1
WHERE status <> 'closed' AND assigned_to IN (SELECT id FROM users WHERE is_active = 0 OR is_staff = 0);

INSERT INTO events (
    at, action, content_type, object_id, is_internal, value_before, detail, subject_type, subject_id
)
SELECT
    CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER), 'bundle.writer_assigned', content_type, object_id, 0,
    CAST(assigned_writer_id AS TEXT), '{}', content_type, object_id
FROM subjects
WHERE content_type = 'class_bundle'
    AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
ORDER BY object_id;
INSERT INTO events (
    at, action, content_type, object_id, is_internal, detail, subject_type, subject_id
)
SELECT
    CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER), 'subject.changed', content_type, object_id, 0,
    json_object('client', CAST(client_id AS TEXT)), content_type, object_id
FROM subjects
WHERE content_type <> 'class_bundle'
    AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
ORDER BY content_type, object_id;
UPDATE bundles
SET updated_at = CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER), version = version + 1
WHERE id IN (
    SELECT object_id FROM subjects
    WHERE content_type = 'class_bundle'
        AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
);
UPDATE subjects SET assigned_writer_id = NULL
WHERE assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer');
