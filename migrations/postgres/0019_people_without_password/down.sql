-- Whoever has no password gets a hash that no password is known to have.
UPDATE users
SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$c29tZWJvZHlzYWx0c29tZQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
WHERE password_hash IS NULL;
ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL;
