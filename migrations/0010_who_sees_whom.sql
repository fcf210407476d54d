-- Who sees whom. Row security asks which member of staff is acting (SET LOCAL derwent.staff), not only for which organisation:
-- teams have members of several employers, and a patient of one organisation may be looked after by a team of another.

-- Teams that look after a patient beside the one whose roster is paged (patient.team).
CREATE TABLE patient_team (
    patient      uuid NOT NULL REFERENCES patient,
    team         uuid NOT NULL REFERENCES team,
    organisation uuid NOT NULL REFERENCES organisation, -- the patient's
    PRIMARY KEY (patient, team)
);
CREATE INDEX patient_team_by_team ON patient_team (team);
CREATE INDEX patient_by_own_team ON patient (team);
CREATE INDEX team_member_by_staff ON team_member (staff);
CREATE INDEX roster_by_staff ON roster (staff);

-- Somebody opened a record that their teams do not look after, and said why. Kept for good, shown to the patient.
CREATE TABLE break_glass (
    break_glass  uuid PRIMARY KEY,
    patient      uuid NOT NULL REFERENCES patient,
    organisation uuid NOT NULL REFERENCES organisation, -- the patient's
    staff        uuid NOT NULL REFERENCES staff,
    reason       text NOT NULL,
    at           timestamptz NOT NULL,                  -- machine time
    until        timestamptz NOT NULL
);
CREATE INDEX break_glass_by_staff ON break_glass (staff, until);
CREATE INDEX break_glass_by_patient ON break_glass (patient, at);

CREATE FUNCTION acting_staff() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('derwent.staff', true), '')::uuid $$;

CREATE FUNCTION acting_organisation() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT staff.organisation FROM staff WHERE staff.staff = acting_staff() $$;

-- The teams one works in or stands on the roster of: who is paged must be able to answer. Auditors see logs, not charts.
CREATE FUNCTION seen_teams() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT coalesce(array_agg(own.team), '{}')
          FROM (SELECT team_member.team FROM team_member WHERE team_member.staff = acting_staff()
                UNION SELECT roster.team FROM roster WHERE roster.staff = acting_staff()) AS own
          WHERE EXISTS (SELECT FROM staff WHERE staff.staff = acting_staff() AND staff.role <> 'auditor') $$;

-- Patients seen for another reason than that their own team is one of those.
CREATE FUNCTION seen_beside() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT coalesce(array_agg(beside.patient), '{}')
          FROM (SELECT patient_team.patient FROM patient_team WHERE patient_team.team = ANY ((SELECT seen_teams())::uuid[])
                UNION SELECT break_glass.patient FROM break_glass
                      WHERE break_glass.staff = acting_staff()
                            AND break_glass.until > nullif(current_setting('derwent.now', true), '')::timestamptz) AS beside $$;

-- Whom one may break the glass for: patients of one's own organisation, by those who care for people.
CREATE FUNCTION may_break_glass(of_patient uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT EXISTS (SELECT FROM patient JOIN staff USING (organisation)
                         WHERE patient.patient = of_patient AND staff.staff = acting_staff()
                               AND staff.role IN ('co-ordinator', 'clinician')) $$;

-- Only whoever knows the whole name and the day of birth finds somebody here.
CREATE FUNCTION find_to_break_glass(of_family_name text, born date)
    RETURNS TABLE (patient uuid, given_name text, family_name text, date_of_birth date, team text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT patient.patient, patient.given_name, patient.family_name, patient.date_of_birth, team.name
          FROM patient JOIN team ON team.team = patient.team
          WHERE lower(patient.family_name) = lower(of_family_name) AND patient.date_of_birth = born
                AND may_break_glass(patient.patient)
          ORDER BY patient.given_name, patient.patient LIMIT 20 $$;

CREATE OR REPLACE VIEW reading_seen WITH (security_barrier) AS
    SELECT organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator, absent,
           offset_minutes, received_at, flags, method, context
    FROM reading
    WHERE EXISTS (SELECT FROM patient
                  WHERE patient.patient = reading.patient
                        AND (patient.team = ANY ((SELECT seen_teams())::uuid[])
                             OR patient.patient = ANY ((SELECT seen_beside())::uuid[])));

DO $$
DECLARE
    name text;
    sees text;
BEGIN
    FOR name IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'one_organisation' LOOP
        EXECUTE format('DROP POLICY one_organisation ON %I', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['patient_team', 'break_glass'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
    END LOOP;

    FOR name, sees IN
        SELECT c.relname, format('EXISTS (SELECT FROM patient WHERE patient.patient = %I.patient)', c.relname)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'patient' AND NOT a.attisdropped
              AND c.relname NOT IN ('patient', 'reading', 'device', 'enrolment_code', 'enrolment_code_person', 'audit', 'break_glass')
        UNION ALL VALUES
            ('patient', 'team = ANY ((SELECT seen_teams())::uuid[]) OR patient = ANY ((SELECT seen_beside())::uuid[])'),
            ('device', 'EXISTS (SELECT FROM patient WHERE patient.patient = device.patient)
                        OR EXISTS (SELECT FROM device_person WHERE device_person.device = device.device)'),
            ('carer', 'organisation = (SELECT acting_organisation())'),
            ('enrolment_code', 'EXISTS (SELECT FROM patient WHERE patient.patient = enrolment_code.patient)
                                OR patient IS NULL AND organisation = (SELECT acting_organisation())'),
            ('enrolment_code_person', 'EXISTS (SELECT FROM patient WHERE patient.patient = enrolment_code_person.patient)'),
            ('alert_event', 'EXISTS (SELECT FROM alert WHERE alert.alert = alert_event.alert)'),
            ('page_request', 'EXISTS (SELECT FROM alert WHERE alert.alert = page_request.alert)'),
            ('page', 'EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts))'),
            ('team', 'organisation = (SELECT acting_organisation()) OR team = ANY ((SELECT seen_teams())::uuid[])
                      OR EXISTS (SELECT FROM patient WHERE patient.team = team.team)'),
            ('team_member', 'EXISTS (SELECT FROM team WHERE team.team = team_member.team)'),
            ('roster', 'EXISTS (SELECT FROM team WHERE team.team = roster.team)')
    LOOP
        EXECUTE format('CREATE POLICY seen ON %I TO derwent_web USING (%s) WITH CHECK (%s)', name, sees, sees);
    END LOOP;
END
$$;

CREATE POLICY seen ON break_glass FOR SELECT TO derwent_web
    USING (staff = (SELECT acting_staff()) OR EXISTS (SELECT FROM patient WHERE patient.patient = break_glass.patient));
CREATE POLICY written ON break_glass FOR INSERT TO derwent_web
    WITH CHECK (staff = (SELECT acting_staff()) AND may_break_glass(patient));

REVOKE ALL ON FUNCTION acting_staff(), acting_organisation(), seen_teams(), seen_beside(), may_break_glass(uuid),
    find_to_break_glass(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acting_staff(), acting_organisation(), seen_teams(), seen_beside(), may_break_glass(uuid),
    find_to_break_glass(text, date) TO derwent_web;
GRANT SELECT ON patient_team TO derwent_web;
GRANT SELECT, INSERT ON break_glass TO derwent_web;
GRANT SELECT ON break_glass, patient_team TO derwent_ingest;
GRANT SELECT, DELETE ON patient_team, break_glass TO derwent_eraser;
