DROP FUNCTION event_horizon();
DROP TRIGGER events_fence ON events;
DROP FUNCTION events_fence();
DROP INDEX events_by_requester;
DROP INDEX events_by_subject;
