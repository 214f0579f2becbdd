CREATE TABLE blobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL
        CHECK (purpose IN ('bundle_file', 'message_attachment', 'ticket_attachment')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'stored', 'deleted')),
    size INTEGER CHECK (size >= 1),
    sha256 BLOB CHECK (length(sha256) = 32),
    content_type TEXT,
    created_by INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    CHECK (
        state <> 'stored'
        OR (size IS NOT NULL AND sha256 IS NOT NULL AND content_type IS NOT NULL)
    )
) STRICT;
CREATE INDEX blobs_by_state ON blobs (state, id);

CREATE TABLE bundle_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bundle_id INTEGER NOT NULL REFERENCES bundles (id),
    blob_id INTEGER NOT NULL UNIQUE REFERENCES blobs (id),
    file_name TEXT NOT NULL CHECK (length(file_name) >= 1),
    description TEXT NOT NULL CHECK (length(description) <= 20000),
    visible_to_client INTEGER NOT NULL CHECK (visible_to_client IN (0, 1)),
    visible_to_writer INTEGER NOT NULL CHECK (visible_to_writer IN (0, 1)),
    uploaded_by INTEGER NOT NULL REFERENCES users (id),
    uploaded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bundle_files_by_bundle ON bundle_files (bundle_id, id);
