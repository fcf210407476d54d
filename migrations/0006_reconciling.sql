-- What reconciling needs beyond the rows that are there: decisions that leave none, how far back each evaluation folded, and what
-- came of each page request.

-- Decisions of the ledger that leave no row: duplicates, and refusals, which are on record once for each id and reason. Counted in the
-- commit that made them, so that what came in is what is stored and these.
CREATE TABLE decision_count (
    hour     timestamptz NOT NULL,                  -- care time, the whole hour in which it came in
    ledger   uuid NOT NULL,                         -- the connection that counted: no two wait for each other's row
    decision text NOT NULL,                         -- duplicate, or the reason of a refusal
    count    bigint NOT NULL,
    PRIMARY KEY (hour, ledger, decision)
);
GRANT SELECT, INSERT, UPDATE ON decision_count TO derwent_ingest;
GRANT SELECT, DELETE ON decision_count TO derwent_eraser;

-- Evaluations of one patient in their order, and where the fold of each began: with the rulebook and the facts they name, all that a
-- fresh fold needs. Null: nothing was folded (it failed), or a version before this one did not write it down.
ALTER TABLE evaluation ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE evaluation ADD COLUMN folded_from timestamptz;

-- What came of a formed request: a page (several may share one), or why none. Null: not formed yet, or by a version before this one.
ALTER TABLE page_request ADD COLUMN came_to text CHECK (came_to IN ('page', 'taken', 'nobody'));
ALTER TABLE page_request ADD COLUMN page uuid;      -- where it came to one; a high one's pager page stands beside its e-mail
