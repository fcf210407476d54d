-- The database roles. Who runs the migrations is the owner; the service's four pools each act as one of these.
-- They belong to the whole cluster, so a second database finds them already there.
DO $$
DECLARE
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('derwent roles'));
    FOREACH name IN ARRAY ARRAY['derwent_ingest', 'derwent_monitor', 'derwent_web', 'derwent_eraser'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            -- Who creates a role becomes a member of it who may grant, but not act as, it.
            EXECUTE format('GRANT %I TO CURRENT_USER', name);
        ELSIF NOT pg_has_role(current_user, name, 'USAGE') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', name);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO derwent_ingest, derwent_monitor, derwent_web, derwent_eraser;

-- What this installation is. `demo` is set when care time may be stepped; an ordinary `serve` refuses such a database.
CREATE TABLE installation (
    only_row       boolean PRIMARY KEY CHECK (only_row),
    made_at        timestamptz NOT NULL,
    demo           boolean NOT NULL,
    postgres_major integer NOT NULL,            -- what it last ran on
    timescaledb    text NOT NULL
);
GRANT SELECT ON installation TO derwent_ingest, derwent_monitor, derwent_web, derwent_eraser;
