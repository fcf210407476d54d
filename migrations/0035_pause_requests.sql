-- A patient asked, on a phone, that nothing be due while they are away. It stops nothing until somebody of the team says yes.
CREATE TABLE pause_request (
    patient      uuid NOT NULL REFERENCES patient,
    request      uuid NOT NULL,                     -- made by the phone: sent twice, asked once
    organisation uuid NOT NULL REFERENCES organisation,
    device       uuid NOT NULL REFERENCES device,
    from_day     date NOT NULL,                     -- where the patient lives
    until_day    date NOT NULL,                     -- the first day on which things are to be due again
    why          text NOT NULL,
    asked_at     timestamptz NOT NULL,              -- care time, as answered_at
    answered_at  timestamptz,
    answered_by  uuid REFERENCES staff,
    taken_on     boolean,
    PRIMARY KEY (patient, request)
);
CREATE INDEX pause_request_open ON pause_request (patient) WHERE answered_at IS NULL;
ALTER TABLE pause_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE pause_request FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON pause_request TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
    USING (true) WITH CHECK (true);
CREATE POLICY seen ON pause_request TO derwent_web
    USING (EXISTS (SELECT FROM patient WHERE patient.patient = pause_request.patient))
    WITH CHECK (EXISTS (SELECT FROM patient WHERE patient.patient = pause_request.patient));
GRANT SELECT, INSERT ON pause_request TO derwent_ingest;
GRANT SELECT ON pause_request TO derwent_monitor;
GRANT SELECT, UPDATE (answered_at, answered_by, taken_on) ON pause_request TO derwent_web;
GRANT SELECT, DELETE ON pause_request TO derwent_eraser;
