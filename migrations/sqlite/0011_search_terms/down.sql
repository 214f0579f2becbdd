DROP TABLE search_backlog;
DROP TABLE user_terms;
DROP TABLE ticket_terms;
DROP TABLE bundle_terms;
