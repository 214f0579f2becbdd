-- The id that another system has for a subject, a bundle included. The bundle's own row has it too: its
-- lists read subjects by an index that does not.
ALTER TABLE subjects ADD COLUMN external_id TEXT CHECK (length(external_id) BETWEEN 1 AND 255);
CREATE UNIQUE INDEX subjects_by_external_id ON subjects (content_type, external_id)
    WHERE external_id IS NOT NULL;
ALTER TABLE bundles ADD COLUMN external_id TEXT CHECK (length(external_id) BETWEEN 1 AND 255);
-- The greatest number of each kind that a removed subject had, so that no other is given it.
CREATE TABLE removed_subjects (
    content_type TEXT NOT NULL PRIMARY KEY,
    greatest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO removed_subjects (content_type, greatest)
    SELECT content_type, max(object_id) FROM events
    WHERE action = 'subject.removed' AND object_id < 4503599627370496
    GROUP BY content_type;
