-- Staff looked at a value that is doubted and took it as it is: it is judged as if nothing had been odd about it, and widens what is
-- usual of this person. Written once and never changed; a correction of the values voids it.
CREATE TABLE acceptance (
    patient      uuid NOT NULL REFERENCES patient,
    values_seq   bigint NOT NULL,                   -- whose values: the reading's own number, or that of the correction they are from
    organisation uuid NOT NULL REFERENCES organisation,
    seq          bigint NOT NULL,                   -- the reading's
    effective_at timestamptz NOT NULL,              -- as it was judged
    "values"     jsonb NOT NULL,                    -- [{component, value, comparator}]: they outlive an erasure of what is old
    staff        uuid NOT NULL REFERENCES staff,
    at           timestamptz NOT NULL,              -- care time
    PRIMARY KEY (patient, values_seq)               -- of two people at once, one
);
ALTER TABLE acceptance ENABLE ROW LEVEL SECURITY;
ALTER TABLE acceptance FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON acceptance TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
    USING (true) WITH CHECK (true);
CREATE POLICY seen ON acceptance TO derwent_web
    USING (EXISTS (SELECT FROM patient WHERE patient.patient = acceptance.patient))
    WITH CHECK (staff = acting_staff() AND EXISTS (SELECT FROM patient WHERE patient.patient = acceptance.patient));
GRANT SELECT ON acceptance TO derwent_monitor;
GRANT SELECT, INSERT ON acceptance TO derwent_web;
GRANT SELECT, DELETE ON acceptance TO derwent_eraser;
