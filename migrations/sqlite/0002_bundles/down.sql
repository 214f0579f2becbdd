DROP TABLE bundles;
DROP TABLE subjects;
