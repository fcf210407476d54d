-- The service watched: whether it could store, and when it was there last.

-- Whether the tables are of this version is asked by the role that stores.
GRANT SELECT ON _sqlx_migrations TO derwent_ingest;

-- When the service was there last, in care time: stamped by whichever replica runs. Where a stretch is missing, nobody listened.
CREATE TABLE presence (
    only_row boolean PRIMARY KEY CHECK (only_row),
    at       timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON presence TO derwent_monitor;

-- The service tries itself: a person who does not exist is made, measures, is judged and paged about, and taken away again
-- (`src/heartbeat`). They belong to an organisation of their own, in which nobody works, so nobody sees them; whatever looks at
-- everybody's people leaves this organisation out.
CREATE FUNCTION synthetic_organisation() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT '00000000-0000-4000-8000-5e1f7e570000'::uuid $$;
-- Numbers of their alerts, so that people's alerts have no gaps between theirs.
CREATE SEQUENCE synthetic_reference INCREMENT BY -1;
GRANT USAGE ON SEQUENCE synthetic_reference TO derwent_monitor;
