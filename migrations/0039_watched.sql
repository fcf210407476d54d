-- The service watched: whether it could store, and when it was there last.

-- Whether the tables are of this version is asked by the role that stores.
GRANT SELECT ON _sqlx_migrations TO derwent_ingest;

-- When the service was there last, in care time: stamped by whichever replica runs. Where a stretch is missing, nobody listened.
CREATE TABLE presence (
    only_row boolean PRIMARY KEY CHECK (only_row),
    at       timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON presence TO derwent_monitor;
