-- A deleted message keeps its place in the ticket, without its text.
ALTER TABLE ticket_messages
    ADD COLUMN deleted_at TIMESTAMPTZ CHECK (deleted_at IS NULL OR body = '');
