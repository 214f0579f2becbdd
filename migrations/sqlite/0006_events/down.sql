DROP TRIGGER events_are_never_removed;
DROP TRIGGER events_are_never_changed;
DROP TABLE events;
