-- The words by which things are found, made by the program. A row has the id of its thing, in a
-- column that is called as in SQLite's full-text tables. The words are letters, digits and marks;
-- those of a ticket's number begin with a #.
CREATE TABLE bundle_terms (
    rowid BIGINT PRIMARY KEY REFERENCES bundles (id) ON DELETE CASCADE,
    terms TSVECTOR NOT NULL
);
CREATE INDEX bundle_terms_by_term ON bundle_terms USING gin (terms);
CREATE TABLE ticket_terms (
    rowid BIGINT PRIMARY KEY REFERENCES tickets (id) ON DELETE CASCADE,
    terms TSVECTOR NOT NULL
);
CREATE INDEX ticket_terms_by_term ON ticket_terms USING gin (terms);
CREATE TABLE user_terms (
    rowid BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    terms TSVECTOR NOT NULL
);
CREATE INDEX user_terms_by_term ON user_terms USING gin (terms);

-- Up to which id the things that are here already have their words. The program goes on from
-- there and removes the row at the end.
CREATE TABLE search_backlog (
    things TEXT PRIMARY KEY CHECK (things IN ('bundles', 'tickets', 'users')),
    up_to BIGINT NOT NULL
);
INSERT INTO search_backlog (things, up_to)
SELECT 'bundles', 0 WHERE EXISTS (SELECT 1 FROM bundles)
UNION ALL SELECT 'tickets', 0 WHERE EXISTS (SELECT 1 FROM tickets)
UNION ALL SELECT 'users', 0 WHERE EXISTS (SELECT 1 FROM users);

DROP FUNCTION ascii_lower(TEXT);

-- Nobody is without a name.
UPDATE users SET display_name = username WHERE display_name = '';
