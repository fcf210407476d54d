-- Who may do what. `web` sees one organisation at a time (SET LOCAL derwent.organisation) and never the table of readings itself.

CREATE VIEW reading_seen WITH (security_barrier) AS
    SELECT organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator, absent,
           offset_minutes, received_at, flags, method, context
    FROM reading
    WHERE organisation = nullif(current_setting('derwent.organisation', true), '')::uuid;

DO $$
DECLARE
    name text;
    parent text;
    key text;
BEGIN
    -- Tables with a column `organisation`: forced row security, one organisation for web, all for the service's own loops.
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'organisation' AND NOT a.attisdropped
          AND c.relname NOT IN ('reading', 'organisation', 'staff', 'staff_session')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_organisation ON %I TO derwent_web
                        USING (organisation = nullif(current_setting(''derwent.organisation'', true), '''')::uuid)
                        WITH CHECK (organisation = nullif(current_setting(''derwent.organisation'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
    END LOOP;

    -- Tables whose rows belong to an organisation through a parent: seen by web exactly where the parent is.
    FOR name, parent, key IN
        VALUES ('team_member', 'team', 'team'), ('roster', 'team', 'team'), ('device_person', 'device', 'device'),
               ('enrolment_code_person', 'enrolment_code', 'code_hash'), ('patient_head', 'patient', 'patient'),
               ('patient_judged', 'patient', 'patient'), ('arrival', 'patient', 'patient'), ('due', 'patient', 'patient')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_organisation ON %1$I TO derwent_web
                        USING (EXISTS (SELECT FROM %2$I WHERE %2$I.%3$I = %1$I.%3$I))
                        WITH CHECK (EXISTS (SELECT FROM %2$I WHERE %2$I.%3$I = %1$I.%3$I))', name, parent, key);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;

-- ingest: inserts, heads, ledger, device connections, push acknowledgements.
GRANT SELECT, INSERT, UPDATE ON patient_head TO derwent_ingest;
GRANT SELECT, INSERT ON submission, reading, answers, event, correction, refusal, arrival, shown TO derwent_ingest;
GRANT SELECT ON device, push, enrolment_code TO derwent_ingest;
-- Never a key: whose device it is was settled when it enrolled.
GRANT UPDATE (connection, app_version, notifications, revoked_at) ON device TO derwent_ingest;
GRANT UPDATE (acknowledged) ON push TO derwent_ingest;
GRANT UPDATE (wrong_answers, used_by, used_key) ON enrolment_code TO derwent_ingest;
GRANT INSERT ON device, device_person TO derwent_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON http_challenge TO derwent_ingest;
GRANT SELECT ON device_person, enrolment_code_person, patient, carer, organisation, team, patient_facts, patient_judged,
                rulebook, alert, alert_event TO derwent_ingest;
GRANT SELECT (staff, organisation, name) ON staff TO derwent_ingest;

-- monitor: judges and tells.
GRANT SELECT ON patient_head, submission, reading, answers, event, correction, shown, refusal, patient, patient_facts, service_gap,
                organisation, team, team_member, roster, device_person, rulebook TO derwent_monitor;
GRANT SELECT (staff, organisation, name, email, pager_key) ON staff TO derwent_monitor;
GRANT SELECT, INSERT, UPDATE ON patient_judged, finding, alert, page, page_request TO derwent_monitor;
GRANT SELECT, INSERT, UPDATE, DELETE ON due, watch TO derwent_monitor;
GRANT SELECT, INSERT, DELETE ON arrival TO derwent_monitor;
GRANT DELETE ON finding TO derwent_monitor;
GRANT SELECT, INSERT ON evaluation, alert_event, push, audit, service_gap TO derwent_monitor;
GRANT UPDATE ON service_gap TO derwent_monitor;
GRANT INSERT, UPDATE (number, published_at, published_by) ON rulebook TO derwent_monitor;
GRANT SELECT, UPDATE (last_push) ON device TO derwent_monitor;
GRANT UPDATE (live_since) ON patient TO derwent_monitor;
GRANT USAGE ON SEQUENCE alert_reference TO derwent_monitor;

-- web: one organisation at a time.
GRANT SELECT ON reading_seen, submission, answers, event, correction, refusal, shown, organisation, team, team_member, staff, roster,
                patient, patient_facts, carer, device, device_person, enrolment_code, enrolment_code_person, evaluation, watch, finding,
                alert, alert_event, page_request, page, patient_head, patient_judged, rulebook, service_gap TO derwent_web;
GRANT SELECT, INSERT, DELETE ON staff_session TO derwent_web;
GRANT INSERT ON patient, patient_facts, enrolment_code, enrolment_code_person, alert_event, page_request, audit, arrival TO derwent_web;
GRANT UPDATE (owner, acknowledged_at, closed_at, outcome, act_by, next_step_at, step) ON alert TO derwent_web;
GRANT UPDATE (revoked_at) ON device TO derwent_web;
GRANT SELECT ON audit TO derwent_web;

GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA public TO derwent_eraser;
REVOKE DELETE ON audit, _sqlx_migrations FROM derwent_eraser;
