-- What a phone says happens next is read from what happened: to whose people a page went, and whom a request waits for.

ALTER TABLE page ADD COLUMN team uuid REFERENCES team;                -- whose people it tells; null: to the operator, or a code
ALTER TABLE page_request ADD COLUMN waits_for uuid REFERENCES team;   -- whose people are told at `at`; null: it was not put off

GRANT SELECT (page, team) ON page TO derwent_ingest;
GRANT SELECT (alert, priority, staff, welfare, at, formed, waits_for) ON page_request TO derwent_ingest;
