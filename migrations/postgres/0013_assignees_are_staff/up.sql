-- An open ticket is with active staff or with nobody, and a subject with a writer or with none. The log
-- tells each change as the program does.
INSERT INTO events (
    at, action, content_type, object_id, ticket_id, is_internal, value_before, detail, subject_type,
    subject_id, requester_id
)
SELECT
    now(), 'ticket.assigned', 'ticket', id, id, FALSE,
    CAST(assigned_to AS TEXT), '{}'::JSONB, content_type, object_id, requester_id
FROM tickets
WHERE status <> 'closed' AND assigned_to IN (SELECT id FROM users WHERE NOT is_active OR NOT is_staff)
ORDER BY id;
UPDATE tickets
SET assigned_to = NULL, updated_at = now(), version = version + 1
WHERE status <> 'closed' AND assigned_to IN (SELECT id FROM users WHERE NOT is_active OR NOT is_staff);

INSERT INTO events (
    at, action, content_type, object_id, is_internal, value_before, detail, subject_type, subject_id
)
SELECT
    now(), 'bundle.writer_assigned', content_type, object_id, FALSE,
    CAST(assigned_writer_id AS TEXT), '{}'::JSONB, content_type, object_id
FROM subjects
WHERE content_type = 'class_bundle'
    AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
ORDER BY object_id;
INSERT INTO events (
    at, action, content_type, object_id, is_internal, detail, subject_type, subject_id
)
SELECT
    now(), 'subject.changed', content_type, object_id, FALSE,
    jsonb_build_object('client', CAST(client_id AS TEXT)), content_type, object_id
FROM subjects
WHERE content_type <> 'class_bundle'
    AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
ORDER BY content_type, object_id;
UPDATE bundles
SET updated_at = now(), version = version + 1
WHERE id IN (
    SELECT object_id FROM subjects
    WHERE content_type = 'class_bundle'
        AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
);
UPDATE subjects SET assigned_writer_id = NULL
WHERE assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer');
