DROP TABLE bundles;
DROP TABLE subjects;
DROP FUNCTION ascii_lower(TEXT);
