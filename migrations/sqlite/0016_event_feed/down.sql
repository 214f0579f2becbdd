DROP INDEX events_by_requester;
DROP INDEX events_by_subject;
