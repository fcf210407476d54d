-- Phones that are lost or silent, carers and what the patient agreed to, and whose an instrument's user number is.

-- When it was heard last (care time): noted when it connects or asks, and every few hours while it stays. Null: not since it enrolled.
ALTER TABLE device ADD heard_at timestamptz, ADD revoked_why text;

-- A patient's word on a carer, as staff wrote it down. The list of a carer's phone (device_person) follows it at once.
CREATE TABLE carer_consent (
    consent       uuid PRIMARY KEY,
    carer         uuid NOT NULL REFERENCES carer,
    patient       uuid NOT NULL REFERENCES patient,
    organisation  uuid NOT NULL REFERENCES organisation, -- the patient's
    given_at      timestamptz NOT NULL,                  -- machine time
    given_to      text NOT NULL,                         -- who wrote it down
    how           text NOT NULL,                         -- as in "said so on the telephone"
    sees_record   boolean NOT NULL,                      -- readings and messages too, not only what there is to do
    withdrawn_at  timestamptz,
    withdrawn_to  text,
    withdrawn_why text
);
CREATE UNIQUE INDEX one_word_on_a_carer ON carer_consent (carer, patient) WHERE withdrawn_at IS NULL;
CREATE INDEX carer_consent_by_patient ON carer_consent (patient);

INSERT INTO carer_consent (consent, carer, patient, organisation, given_at, given_to, how, sees_record)
SELECT gen_random_uuid(), known.carer, known.patient, patient.organisation, known.since, 'migration',
       'agreed before consent was written down here', false
FROM (SELECT device.carer, device_person.patient, min(device.enrolled_at) AS since
      FROM device JOIN device_person USING (device) WHERE device.carer IS NOT NULL GROUP BY 1, 2
      UNION
      SELECT code.carer, person.patient, min(code.made_at)
      FROM enrolment_code code JOIN enrolment_code_person person USING (code_hash)
      WHERE code.carer IS NOT NULL AND code.used_by IS NULL
            AND NOT EXISTS (SELECT FROM device JOIN device_person USING (device)
                            WHERE device.carer = code.carer AND device_person.patient = person.patient)
      GROUP BY 1, 2) AS known
JOIN patient ON patient.patient = known.patient;

-- Whose readings an instrument keeps under a user number. A number belongs to one person at a time.
CREATE TABLE instrument_user (
    instrument_user uuid PRIMARY KEY,
    make            text NOT NULL,                       -- empty where the phone says none
    model           text NOT NULL,
    serial          text NOT NULL,
    user_number     smallint NOT NULL,
    patient         uuid NOT NULL REFERENCES patient,
    organisation    uuid NOT NULL REFERENCES organisation, -- the patient's
    bound_at        timestamptz NOT NULL,                -- machine time
    bound_by        text NOT NULL,
    released_at     timestamptz,
    released_by     text
);
CREATE UNIQUE INDEX one_person_a_number ON instrument_user (serial, model, make, user_number) WHERE released_at IS NULL;
CREATE INDEX instrument_user_by_patient ON instrument_user (patient);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['carer_consent', 'instrument_user'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY seen ON %1$I TO derwent_web
                        USING (EXISTS (SELECT FROM patient WHERE patient.patient = %1$I.patient))
                        WITH CHECK (EXISTS (SELECT FROM patient WHERE patient.patient = %1$I.patient))', name);
    END LOOP;
END
$$;

-- A carer, their code and their phones are of the patient's organisation, whoever writes them down; a phone is there before it has
-- anybody on its list.
DROP POLICY seen ON carer;
CREATE POLICY seen ON carer TO derwent_web
    USING (organisation = (SELECT acting_organisation())
           OR EXISTS (SELECT FROM carer_consent WHERE carer_consent.carer = carer.carer))
    WITH CHECK (EXISTS (SELECT FROM patient WHERE patient.organisation = carer.organisation));
DROP POLICY seen ON enrolment_code;
CREATE POLICY seen ON enrolment_code TO derwent_web
    USING (EXISTS (SELECT FROM patient WHERE patient.patient = enrolment_code.patient)
           OR EXISTS (SELECT FROM carer WHERE carer.carer = enrolment_code.carer))
    WITH CHECK (EXISTS (SELECT FROM patient WHERE patient.patient = enrolment_code.patient)
                OR EXISTS (SELECT FROM carer WHERE carer.carer = enrolment_code.carer));
DROP POLICY seen ON device;
CREATE POLICY seen ON device TO derwent_web
    USING (EXISTS (SELECT FROM patient WHERE patient.patient = device.patient)
           OR EXISTS (SELECT FROM device_person WHERE device_person.device = device.device)
           OR EXISTS (SELECT FROM carer WHERE carer.carer = device.carer));

GRANT SELECT ON carer_consent, instrument_user TO derwent_ingest;
GRANT UPDATE (heard_at, revoked_why) ON device TO derwent_ingest;
GRANT SELECT, INSERT ON carer_consent, instrument_user TO derwent_web;
GRANT UPDATE (withdrawn_at, withdrawn_to, withdrawn_why) ON carer_consent TO derwent_web;
GRANT UPDATE (released_at, released_by) ON instrument_user TO derwent_web;
GRANT INSERT ON carer TO derwent_web;
GRANT INSERT, DELETE ON device_person TO derwent_web;
GRANT UPDATE (revoked_why) ON device TO derwent_web;
GRANT SELECT, DELETE ON carer_consent, instrument_user TO derwent_eraser;
