-- What a person may ask of us about their data: restriction of what is done with them (GDPR, article 18), and erasure (article 17).

-- What was there and is erased. Of the person nothing is left here but the number that the audit's entries name.
CREATE TABLE tombstone (
    patient      uuid PRIMARY KEY,
    organisation uuid NOT NULL REFERENCES organisation,
    through_seq  bigint NOT NULL,                   -- submissions 1 … through_seq were erased
    at           timestamptz NOT NULL,              -- machine time
    made_by      text NOT NULL,
    why          text NOT NULL
);
GRANT SELECT, INSERT ON tombstone TO derwent_eraser;
GRANT SELECT ON tombstone TO derwent_ingest, derwent_monitor;
GRANT INSERT ON audit TO derwent_eraser;
GRANT UPDATE (last_seq) ON patient_head TO derwent_eraser; -- to lock it: whoever stores waits, and then finds nobody

-- What a phone had under way when its person was erased is not kept as a refusal either.
CREATE FUNCTION not_of_the_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.tombstone WHERE tombstone.patient = NEW.patient) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON refusal FOR EACH ROW WHEN (NEW.patient IS NOT NULL)
    EXECUTE FUNCTION not_of_the_erased();

-- The record is kept and looked at by nobody but those who are named. Only of somebody who is no longer monitored, so that a
-- restriction never silences an alarm.
CREATE TABLE restriction (
    restriction  uuid PRIMARY KEY,
    patient      uuid NOT NULL REFERENCES patient,
    organisation uuid NOT NULL REFERENCES organisation,
    from_at      timestamptz NOT NULL,              -- machine time
    made_by      text NOT NULL,
    why          text NOT NULL,
    lifted_at    timestamptz,
    lifted_by    text,
    lifted_why   text
);
CREATE UNIQUE INDEX restricted_once ON restriction (patient) WHERE lifted_at IS NULL;
CREATE TABLE restriction_reader (
    restriction uuid NOT NULL REFERENCES restriction,
    staff       uuid NOT NULL REFERENCES staff,
    PRIMARY KEY (restriction, staff)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tombstone', 'restriction'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;
CREATE POLICY seen ON restriction FOR SELECT TO derwent_web
    USING (EXISTS (SELECT FROM patient WHERE patient.patient = restriction.patient));
GRANT SELECT ON restriction TO derwent_web;
GRANT SELECT, DELETE ON restriction, restriction_reader TO derwent_eraser;

-- Restricted, and whoever acts is not named.
CREATE FUNCTION hidden_patients() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT coalesce(array_agg(restriction.patient), '{}') FROM restriction
          WHERE restriction.lifted_at IS NULL
                AND NOT EXISTS (SELECT FROM restriction_reader AS reader
                                WHERE reader.restriction = restriction.restriction AND reader.staff = acting_staff()) $$;
REVOKE ALL ON FUNCTION hidden_patients() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hidden_patients() TO derwent_web;

-- As in 0010, but for those.
ALTER POLICY seen ON patient
    USING ((team = ANY ((SELECT seen_teams())::uuid[]) OR patient = ANY ((SELECT seen_beside())::uuid[]))
           AND patient <> ALL ((SELECT hidden_patients())::uuid[]))
    WITH CHECK ((team = ANY ((SELECT seen_teams())::uuid[]) OR patient = ANY ((SELECT seen_beside())::uuid[]))
                AND patient <> ALL ((SELECT hidden_patients())::uuid[]));
CREATE OR REPLACE VIEW reading_seen WITH (security_barrier) AS
    SELECT organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator, absent,
           offset_minutes, received_at, flags, method, context
    FROM reading
    WHERE EXISTS (SELECT FROM patient
                  WHERE patient.patient = reading.patient
                        AND (patient.team = ANY ((SELECT seen_teams())::uuid[])
                             OR patient.patient = ANY ((SELECT seen_beside())::uuid[]))
                        AND patient.patient <> ALL ((SELECT hidden_patients())::uuid[]));
-- No glass before a restricted record can be broken.
CREATE OR REPLACE FUNCTION may_break_glass(of_patient uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT EXISTS (SELECT FROM patient JOIN staff USING (organisation)
                         WHERE patient.patient = of_patient AND staff.staff = acting_staff()
                               AND staff.role IN ('co-ordinator', 'clinician')
                               AND patient.patient <> ALL (hidden_patients())) $$;
