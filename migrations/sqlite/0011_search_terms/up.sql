-- The words by which things are found, made by the program. A row has the id of its thing. The
-- words are letters, digits and marks; those of a ticket's number begin with a #.
CREATE VIRTUAL TABLE bundle_terms USING fts5(
    terms, content='', contentless_delete=1, detail=column, tokenize="ascii tokenchars '#'"
);
CREATE VIRTUAL TABLE ticket_terms USING fts5(
    terms, content='', contentless_delete=1, detail=column, tokenize="ascii tokenchars '#'"
);
CREATE VIRTUAL TABLE user_terms USING fts5(
    terms, content='', contentless_delete=1, detail=column, tokenize="ascii tokenchars '#'"
);

-- Up to which id the things that are here already have their words. The program goes on from
-- there and removes the row at the end.
CREATE TABLE search_backlog (
    things TEXT NOT NULL PRIMARY KEY CHECK (things IN ('bundles', 'tickets', 'users')),
    up_to INTEGER NOT NULL
) STRICT;
INSERT INTO search_backlog (things, up_to)
SELECT 'bundles', 0 WHERE EXISTS (SELECT 1 FROM bundles)
UNION ALL SELECT 'tickets', 0 WHERE EXISTS (SELECT 1 FROM tickets)
UNION ALL SELECT 'users', 0 WHERE EXISTS (SELECT 1 FROM users);

-- Nobody is without a name.
UPDATE users SET display_name = username WHERE display_name = '';
