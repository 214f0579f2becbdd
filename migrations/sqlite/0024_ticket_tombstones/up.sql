-- A deleted message keeps its place in the ticket, without its text.
ALTER TABLE ticket_messages
    ADD COLUMN deleted_at INTEGER CHECK (deleted_at IS NULL OR body = '');
