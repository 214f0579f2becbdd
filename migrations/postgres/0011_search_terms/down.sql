CREATE FUNCTION ascii_lower(word TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(word COLLATE "C");
DROP TABLE search_backlog;
DROP TABLE user_terms;
DROP TABLE ticket_terms;
DROP TABLE bundle_terms;
