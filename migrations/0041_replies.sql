-- What people answer to pages.
ALTER TABLE page
    ADD COLUMN saw     bigint[],                    -- `told` of each of its alerts when it was formed; null: an answer to it counts for nothing
    ADD COLUMN answers uuid;                        -- the page whose answer this one answers

-- Taken once, however often it is brought.
CREATE TABLE reply (
    reply bytea PRIMARY KEY,                        -- SHA-256 of the id that it came with
    staff uuid NOT NULL REFERENCES staff,
    at    timestamptz NOT NULL                      -- machine time; gone after 30 days
);
ALTER TABLE reply ENABLE ROW LEVEL SECURITY;
ALTER TABLE reply FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON reply TO derwent_web USING (staff = (SELECT acting_staff())) WITH CHECK (staff = (SELECT acting_staff()));
CREATE POLICY service ON reply TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON reply TO derwent_web;
