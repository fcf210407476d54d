-- What people may do to an alert beyond taking and closing it, and the team's own clocks.

ALTER TABLE alert
    ADD COLUMN told          bigint NOT NULL DEFAULT 1,    -- how often there was something new in it: an act names the one its author saw
    ADD COLUMN offered_to    uuid REFERENCES staff,        -- a colleague; until they accept, the owner has it
    ADD COLUMN rang          smallint NOT NULL DEFAULT 0,  -- calls to the patient that nobody answered, by the owner
    ADD COLUMN reminded      boolean NOT NULL DEFAULT false,   -- of the next call, since the last
    ADD COLUMN snoozed_until timestamptz,                  -- care time
    ADD COLUMN snooze_reason text,
    ADD COLUMN snoozes       smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT alert_snoozed_by_its_owner CHECK
        (snoozed_until IS NULL OR owner IS NOT NULL AND acknowledged_at IS NOT NULL AND snooze_reason IS NOT NULL),
    ADD CONSTRAINT alert_offered_by_its_owner CHECK (offered_to IS NULL OR owner IS NOT NULL AND snoozed_until IS NULL);
GRANT UPDATE (offered_to, rang, reminded, snoozed_until, snooze_reason, snoozes) ON alert TO derwent_web;

-- Whom a request asks for: the people of a step of the policy, those of its welfare step, or one by name.
ALTER TABLE page_request
    ADD COLUMN staff   uuid REFERENCES staff,
    ADD COLUMN welfare boolean NOT NULL DEFAULT false;

-- A team's own escalation policy, as it was written (alert_rules::escalation::policy). A team without one goes by the standard.
CREATE TABLE policy (
    team    uuid PRIMARY KEY REFERENCES team,
    content text NOT NULL,
    set_by  text NOT NULL,
    set_at  timestamptz NOT NULL
);
ALTER TABLE policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON policy TO derwent_ingest, derwent_monitor, CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY seen ON policy FOR SELECT TO derwent_web USING (EXISTS (SELECT FROM team WHERE team.team = policy.team));
GRANT SELECT ON policy TO derwent_ingest, derwent_monitor, derwent_web;
