ALTER TABLE idempotency_keys
    ADD COLUMN answer_status INTEGER CHECK (answer_status BETWEEN 100 AND 599)
    CHECK (answer_status IS NULL OR object_id IS NOT NULL);
ALTER TABLE idempotency_keys
    ADD COLUMN answer_body BLOB CHECK ((answer_status IS NULL) = (answer_body IS NULL));
