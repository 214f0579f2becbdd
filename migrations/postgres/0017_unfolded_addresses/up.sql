-- Whose email address an older version may have stored in another form than people sign in with. The
-- program folds these addresses and removes the rows.
CREATE TABLE unfolded_addresses (
    user_id BIGINT PRIMARY KEY REFERENCES users (id)
);
INSERT INTO unfolded_addresses (user_id)
SELECT id FROM users WHERE octet_length(email) <> length(email);
