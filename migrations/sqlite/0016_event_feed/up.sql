-- The parties of a subject find its events here. Those of tickets are found by the requester.
CREATE INDEX events_by_subject ON events (subject_id, subject_type, id)
WHERE subject_id IS NOT NULL AND ticket_id IS NULL;
CREATE INDEX events_by_requester ON events (requester_id, id) WHERE requester_id IS NOT NULL;
