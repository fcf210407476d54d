-- A rulebook beside the one in force: it judges the same people for some weeks, and nobody hears of what it finds.

-- One runs at a time. It ends at `until_at` by itself.
CREATE TABLE shadow (
    shadow     uuid PRIMARY KEY,
    hash       bytea NOT NULL,                      -- of the files
    content    jsonb NOT NULL,                      -- the packs' files, by path
    started_at timestamptz NOT NULL,                -- care time, as the two below
    until_at   timestamptz NOT NULL,
    stopped_at timestamptz,                         -- before that
    started_by uuid NOT NULL REFERENCES staff,
    why        text NOT NULL
);
GRANT SELECT, INSERT, UPDATE (stopped_at) ON shadow TO derwent_monitor;
GRANT SELECT ON shadow TO derwent_web;

-- How far one patient was looked at, and of how much people are told under each rulebook. Made anew at each look.
CREATE TABLE shadow_look (
    shadow       uuid NOT NULL REFERENCES shadow,
    patient      uuid NOT NULL REFERENCES patient,
    organisation uuid NOT NULL REFERENCES organisation,
    from_at      timestamptz NOT NULL,              -- care time, as below: the stretch that was compared
    looked_at    timestamptz NOT NULL,
    readable     boolean NOT NULL,                  -- else nothing was compared
    in_force     jsonb NOT NULL,                    -- by rule and priority: how many
    in_shadow    jsonb NOT NULL,
    PRIMARY KEY (shadow, patient)
);
CREATE INDEX shadow_look_by_patient ON shadow_look (patient);

-- What only one of them tells, or louder, or at another time. No values.
CREATE TABLE shadow_difference (
    shadow       uuid NOT NULL REFERENCES shadow,
    patient      uuid NOT NULL REFERENCES patient,
    organisation uuid NOT NULL REFERENCES organisation,
    problem      text NOT NULL,
    start_at     timestamptz NOT NULL,              -- care time
    rule         text NOT NULL,
    what         jsonb NOT NULL,
    PRIMARY KEY (shadow, patient, problem, start_at)
);
CREATE INDEX shadow_difference_by_patient ON shadow_difference (patient);

-- Row security of a table with a column `patient`: the service's own roles see all of it, web what the acting member of staff may.
-- Owned by whoever migrates, and for migrations alone.
CREATE FUNCTION wall_in_patients(of_table regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', of_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', of_table);
    EXECUTE format('CREATE POLICY service ON %s TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                    USING (true) WITH CHECK (true)', of_table);
    EXECUTE format('CREATE POLICY seen ON %1$s FOR SELECT TO derwent_web
                    USING (EXISTS (SELECT FROM patient WHERE patient.patient = %1$s.patient))', of_table);
END
$$;
REVOKE ALL ON FUNCTION wall_in_patients(regclass) FROM PUBLIC;
SELECT wall_in_patients('shadow_look'), wall_in_patients('shadow_difference');

GRANT SELECT, INSERT, UPDATE, DELETE ON shadow_look, shadow_difference TO derwent_monitor;
GRANT SELECT (shadow, patient) ON shadow_difference TO derwent_web;
GRANT SELECT, DELETE ON shadow_look, shadow_difference TO derwent_eraser;
