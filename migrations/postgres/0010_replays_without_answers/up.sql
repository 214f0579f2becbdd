-- A repeated request is answered with the thing as it is now, so no answer is kept.
ALTER TABLE idempotency_keys
    DROP COLUMN answer_status,
    DROP COLUMN answer_body;
