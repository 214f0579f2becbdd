CREATE TABLE blobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL
        CHECK (purpose IN ('bundle_file', 'message_attachment', 'ticket_attachment')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'stored', 'deleted')),
    size BIGINT CHECK (size >= 1),
    sha256 BYTEA CHECK (length(sha256) = 32),
    content_type TEXT,
    created_by BIGINT NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    CHECK (
        state <> 'stored'
        OR (size IS NOT NULL AND sha256 IS NOT NULL AND content_type IS NOT NULL)
    )
);
CREATE INDEX blobs_by_state ON blobs (state, id);

CREATE TABLE bundle_files (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bundle_id BIGINT NOT NULL REFERENCES bundles (id),
    blob_id BIGINT NOT NULL UNIQUE REFERENCES blobs (id),
    file_name TEXT NOT NULL CHECK (length(file_name) >= 1),
    description TEXT NOT NULL CHECK (length(description) <= 20000),
    visible_to_client BOOLEAN NOT NULL,
    visible_to_writer BOOLEAN NOT NULL,
    uploaded_by BIGINT NOT NULL REFERENCES users (id),
    uploaded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX bundle_files_by_bundle ON bundle_files (bundle_id, id);
