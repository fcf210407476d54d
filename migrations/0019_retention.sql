-- Erasing what is old of a person who may still be monitored: what was measured before a day goes, and the rest goes on.

-- Up to where somebody's record was erased. A whole erasure puts a tombstone in the place of these.
CREATE TABLE erased_range (
    patient      uuid NOT NULL REFERENCES patient,
    before_at    timestamptz NOT NULL,              -- care time: what was measured before is erased
    organisation uuid NOT NULL REFERENCES organisation,
    through_seq  bigint NOT NULL,                   -- evaluation ranges tile through_seq + 1 … last
    at           timestamptz NOT NULL,              -- machine time
    made_by      text NOT NULL,
    why          text NOT NULL,
    PRIMARY KEY (patient, at)
);
ALTER TABLE erased_range ENABLE ROW LEVEL SECURITY;
ALTER TABLE erased_range FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON erased_range TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
    USING (true) WITH CHECK (true);
CREATE POLICY seen ON erased_range FOR SELECT TO derwent_web
    USING (EXISTS (SELECT FROM patient WHERE patient.patient = erased_range.patient));
GRANT SELECT (patient, before_at, at) ON erased_range TO derwent_web;
GRANT SELECT, INSERT, DELETE ON erased_range TO derwent_eraser;

-- For each evaluation and each alert that goes, the database looks for what names it.
CREATE INDEX finding_by_evaluation ON finding (evaluation);
CREATE INDEX page_request_by_alert ON page_request (alert);

-- The ledger remembers the id and the number of what is erased, so that no phone can put it back. What it was, when it was measured
-- and the hash, from which a few numbers could be guessed, are gone.
ALTER TABLE submission DROP CONSTRAINT submission_kind_check;
ALTER TABLE submission ADD CONSTRAINT submission_kind_check
    CHECK (kind IN ('reading', 'answers', 'event', 'correction', 'erased')) NOT VALID;
GRANT UPDATE (kind, content_hash, effective_at, flags, note) ON submission TO derwent_eraser;
