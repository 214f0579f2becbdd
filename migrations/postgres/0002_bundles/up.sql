-- Lower case for A to Z alone, whatever the locale: as SQLite does it.
CREATE FUNCTION ascii_lower(word TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(word COLLATE "C");

-- Every bundle has its row here too: parties live in this table alone.
CREATE TABLE subjects (
    content_type TEXT NOT NULL CHECK (length(content_type) BETWEEN 1 AND 32),
    object_id BIGINT NOT NULL,
    client_id BIGINT NOT NULL REFERENCES users (id),
    assigned_writer_id BIGINT REFERENCES users (id),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
    PRIMARY KEY (content_type, object_id)
);
-- Both hold both parties: SQLite would rather walk a kind's whole primary key, which has all of
-- them, than look the other party up.
CREATE INDEX subjects_by_client
    ON subjects (client_id, content_type, object_id, assigned_writer_id);
CREATE INDEX subjects_by_writer
    ON subjects (assigned_writer_id, content_type, object_id, client_id);

CREATE TABLE bundles (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- One word for all rows, so that a foreign key can name the bundle's subject. It is checked
    -- at the end of a transaction: the id is known only after the bundle is inserted.
    content_type TEXT NOT NULL DEFAULT 'class_bundle' CHECK (content_type = 'class_bundle'),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    description TEXT NOT NULL CHECK (length(description) <= 20000),
    status TEXT NOT NULL CHECK (status IN ('not_started', 'in_progress', 'exhausted', 'completed')),
    level TEXT NOT NULL CHECK (length(level) <= 50),
    number_of_classes INTEGER NOT NULL CHECK (number_of_classes BETWEEN 1 AND 1000),
    start_date DATE,
    end_date DATE,
    created_by BIGINT NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    version BIGINT NOT NULL CHECK (version >= 1),
    FOREIGN KEY (content_type, id) REFERENCES subjects (content_type, object_id)
        DEFERRABLE INITIALLY DEFERRED,
    CHECK (end_date >= start_date),
    CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE INDEX bundles_by_status ON bundles (status, id);
