-- An open ticket is with active staff or with nobody, and a subject with a writer or with none.
UPDATE tickets SET assigned_to = NULL, version = version + 1
WHERE status <> 'closed' AND assigned_to IN (SELECT id FROM users WHERE NOT is_active OR NOT is_staff);

UPDATE bundles SET version = version + 1
WHERE id IN (
    SELECT object_id FROM subjects
    WHERE content_type = 'class_bundle'
        AND assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer')
);
UPDATE subjects SET assigned_writer_id = NULL
WHERE assigned_writer_id IN (SELECT id FROM users WHERE role <> 'writer');
