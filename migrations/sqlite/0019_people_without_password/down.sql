-- Whoever has no password gets a hash that no password is known to have.
ALTER TABLE users ADD COLUMN needed_hash TEXT NOT NULL
    DEFAULT '$argon2id$v=19$m=19456,t=2,p=1$c29tZWJvZHlzYWx0c29tZQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
UPDATE users SET needed_hash = password_hash WHERE password_hash IS NOT NULL;
ALTER TABLE users DROP COLUMN password_hash;
ALTER TABLE users RENAME COLUMN needed_hash TO password_hash;
