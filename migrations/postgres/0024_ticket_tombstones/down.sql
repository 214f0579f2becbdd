ALTER TABLE ticket_messages DROP COLUMN deleted_at;
