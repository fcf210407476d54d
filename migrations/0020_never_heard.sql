-- Who was set up and never heard from is found by the monitor, too: it looks at unused codes, and at everybody's phones.
GRANT SELECT (patient, made_at, used_by) ON enrolment_code TO derwent_monitor;
CREATE INDEX enrolment_code_unused ON enrolment_code (patient) WHERE used_by IS NULL;

-- The first look, for whom nobody looked before: at once. From then on it is a week after each was heard last.
INSERT INTO due (patient, why, at)
    SELECT patient, 'phone', min(valid_from) FROM patient_facts JOIN patient USING (patient)
    WHERE patient.ended_at IS NULL GROUP BY patient
    ON CONFLICT (patient, why) DO NOTHING;
