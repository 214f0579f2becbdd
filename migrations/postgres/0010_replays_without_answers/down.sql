ALTER TABLE idempotency_keys
    ADD COLUMN answer_status INTEGER CHECK (answer_status BETWEEN 100 AND 599),
    ADD COLUMN answer_body BYTEA,
    ADD CHECK ((answer_status IS NULL) = (answer_body IS NULL)),
    ADD CHECK (answer_status IS NULL OR object_id IS NOT NULL);
