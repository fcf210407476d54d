-- What the writer writes for each reading costs most of its time: fewer indexes, and one arrival for each patient of a commit.

-- A patient's readings are asked for by time, and one of known number by its time too: one index serves both.
DROP INDEX reading_by_time;
ALTER TABLE reading DROP CONSTRAINT reading_pkey;
ALTER TABLE reading ADD PRIMARY KEY (patient, effective_at, seq, component);

-- One row stands for all numbers that a commit gave a patient: first_seq … seq.
ALTER TABLE arrival ADD COLUMN first_seq bigint;
UPDATE arrival SET first_seq = seq;
-- Nobody looks for an arrival by its number alone.
ALTER TABLE arrival DROP CONSTRAINT arrival_pkey;
-- Read backwards within a rank: what is new then goes to an end of the index, not into its middle.
DROP INDEX arrival_in_turn;
CREATE INDEX arrival_in_turn ON arrival (rank, arrival);

-- Rulebooks are never deleted, and the check locked the same row for each evaluation.
ALTER TABLE evaluation DROP CONSTRAINT evaluation_rulebook_fkey;

-- Raises unless a commit of this session will be on disk. The writer asks in the statement that begins its transaction:
-- these settings can be changed while the server runs.
CREATE FUNCTION must_be_durable() RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    off text;
BEGIN
    SELECT string_agg(name || ' = on', ' and ') INTO off
    FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes']) AS name
    WHERE current_setting(name) NOT IN ('on', 'remote_apply');
    IF off IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'a commit would not be durable, so nothing is accepted; set ' || off || ' in the database';
    END IF;
END
$$;
