-- The parties of a subject find its events here. Those of tickets are found by the requester.
CREATE INDEX events_by_subject ON events (subject_id, subject_type, id)
WHERE subject_id IS NOT NULL AND ticket_id IS NULL;
CREATE INDEX events_by_requester ON events (requester_id, id) WHERE requester_id IS NOT NULL;

-- Ids are drawn before the commit, so that commits end in another order. Each transaction that
-- writes events holds a shared lock until it ends, whose number is at most its smallest id. This
-- runs before the ids are drawn. Shared locks never wait for each other.
CREATE FUNCTION events_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The first byte, 67, marks these locks.
    PERFORM pg_advisory_xact_lock_shared((67::BIGINT << 56) | last_value) FROM events_id_seq;
    RETURN NULL;
END
$$;
CREATE TRIGGER events_fence BEFORE INSERT ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_fence();

-- Up to `complete`, every event is there for statements that begin after this one, or will never
-- be. No id beyond `latest` is drawn yet.
--
-- The sequence is read first. A transaction that has drawn an id up to that value either holds a
-- lock with a smaller number, or has ended, and locks go after a commit is visible. A commit
-- numbers up to 63 events after each id that it draws.
CREATE FUNCTION event_horizon(OUT complete BIGINT, OUT latest BIGINT) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    drawn BIGINT;
    held BIGINT;
BEGIN
    SELECT last_value INTO drawn FROM events_id_seq;
    SELECT min(((classid::BIGINT & 16777215) << 32) | objid::BIGINT) INTO held
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::BIGINT >> 24) = 67
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    complete := least(drawn, held) + 63;
    latest := drawn + 63;
END
$$;

-- The first id of a fresh sequence would not be greater than the number of its lock.
SELECT setval('events_id_seq', greatest((SELECT coalesce(max(id), 0) FROM events), 64));
