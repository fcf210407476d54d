-- What the monitor keeps: how far it judged, timers, evaluations, watches, findings, alerts, pages.

-- The writer never touches it. Leases use the database's clock and are settled by compare-and-set.
CREATE TABLE patient_judged (
    patient        uuid PRIMARY KEY,
    judged_through bigint NOT NULL,
    folded_through timestamptz,                     -- event time up to which the watches are folded
    failed_from    bigint,                          -- first number of a range that could not be judged and was not since
    lease          uuid,
    lease_until    timestamptz,
    attempts       smallint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE due (
    patient uuid NOT NULL,
    why     text NOT NULL,                          -- the timer's name: slot:…, repeat:…, day
    at      timestamptz NOT NULL,                   -- care time
    PRIMARY KEY (patient, why)
);
CREATE INDEX due_in_turn ON due (at);

CREATE TABLE rulebook (
    hash         bytea PRIMARY KEY,
    number       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,   -- the highest is in force
    content      jsonb NOT NULL,                    -- the packs' files, by path
    published_at timestamptz NOT NULL,
    published_by text NOT NULL
);

-- Ranges exist only where new numbers were taken in (from_seq = judged_through + 1): they tile 1…last.
CREATE TABLE evaluation (
    evaluation   uuid PRIMARY KEY,
    patient      uuid NOT NULL,
    organisation uuid NOT NULL,
    cause        text NOT NULL,
    from_seq     bigint,
    to_seq       bigint,
    rulebook     bytea NOT NULL REFERENCES rulebook,
    facts        bigint NOT NULL,                   -- patient_facts.version
    at           timestamptz NOT NULL,              -- care time
    outcome      text NOT NULL CHECK (outcome IN ('judged', 'failed')),
    CHECK ((from_seq IS NULL) = (to_seq IS NULL) AND from_seq <= to_seq)
);
CREATE UNIQUE INDEX evaluation_range ON evaluation (patient, from_seq) WHERE from_seq IS NOT NULL;

-- One spell of a rule that is not quiet; ended spells are kept as far back as re-judging reaches (30 days).
CREATE TABLE watch (
    patient      uuid NOT NULL,
    rule         text NOT NULL,                     -- pack/rule
    since        timestamptz NOT NULL,
    until        timestamptz,
    organisation uuid NOT NULL,
    state        jsonb NOT NULL,                    -- alert_rules::Watch
    PRIMARY KEY (patient, rule, since)
);

CREATE TABLE finding (
    patient      uuid NOT NULL,
    problem      text NOT NULL,
    start_at     timestamptz NOT NULL,
    end_at       timestamptz,
    organisation uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('clinical', 'absence', 'equipment', 'service')),
    priority     text NOT NULL CHECK (priority IN ('high', 'medium', 'low')),
    rule         text NOT NULL,
    finding      jsonb NOT NULL,                    -- alert_rules::Finding, reasons and all
    evaluation   uuid NOT NULL REFERENCES evaluation,
    PRIMARY KEY (patient, problem, start_at)
);
CREATE INDEX finding_in_time ON finding (patient, end_at);

CREATE SEQUENCE alert_reference;

CREATE TABLE alert (
    alert        uuid PRIMARY KEY,
    reference    bigint NOT NULL UNIQUE,            -- what a page names: A1042
    organisation uuid,                              -- null: an operator alert
    team         uuid REFERENCES team,
    patient      uuid,
    problem      text NOT NULL,
    rule         text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('clinical', 'absence', 'equipment', 'service')),
    priority     text NOT NULL CHECK (priority IN ('high', 'medium', 'low')),
    sentence     text NOT NULL,                     -- the worklist's words
    opened_at    timestamptz NOT NULL,
    late_minutes integer NOT NULL,                  -- how late the data that opened it arrived
    finding_start timestamptz,
    owner        uuid REFERENCES staff,
    acknowledged_at timestamptz,
    closed_at    timestamptz,
    outcome      text,
    act_by       timestamptz NOT NULL,              -- the response promised
    step         smallint NOT NULL,
    next_step_at timestamptz,                       -- care time; null: closed
    worst        jsonb NOT NULL                     -- what was known when people were last told
);
CREATE UNIQUE INDEX alert_open_once ON alert (patient, problem) WHERE closed_at IS NULL AND patient IS NOT NULL;
CREATE UNIQUE INDEX alert_operator_once ON alert (problem) WHERE closed_at IS NULL AND patient IS NULL;
CREATE INDEX alert_open ON alert (organisation, team) WHERE closed_at IS NULL;
CREATE INDEX alert_steps ON alert (next_step_at) WHERE closed_at IS NULL;
CREATE INDEX alert_by_patient ON alert (patient, opened_at DESC);

-- Its history: never rewritten.
CREATE TABLE alert_event (
    alert        uuid NOT NULL REFERENCES alert,
    n            bigint NOT NULL,
    organisation uuid,
    at           timestamptz NOT NULL,
    what         text NOT NULL,                     -- opened, raised, worsened, renewed, paged, sent, given_up, acknowledged, snoozed, came_back, annotated, closed
    by_staff     uuid REFERENCES staff,
    detail       jsonb NOT NULL,
    PRIMARY KEY (alert, n)
);

-- Written in the alert's own transaction; pages are formed from it later.
CREATE TABLE page_request (
    page_request uuid PRIMARY KEY,
    alert        uuid NOT NULL REFERENCES alert,
    organisation uuid,
    priority     text NOT NULL,
    step         smallint NOT NULL,                 -- 0: on duty; 1: the next on the roster; …
    why          text NOT NULL,                     -- opened, raised, worsened, escalated, repeated, came_back
    at           timestamptz NOT NULL,              -- care time from which pages may be formed
    formed       boolean NOT NULL
);
CREATE INDEX page_request_waiting ON page_request (at) WHERE NOT formed;

-- One message to one person over one channel. The id is the Message-ID and the pager's dedup key: a repeat can be recognised.
CREATE TABLE page (
    page         uuid PRIMARY KEY,
    alerts       uuid[] NOT NULL,
    organisation uuid,
    staff        uuid REFERENCES staff,
    channel      text NOT NULL CHECK (channel IN ('email', 'pager')),
    address      text NOT NULL,
    priority     text NOT NULL,
    subject      text NOT NULL,
    body         text NOT NULL,
    made_at      timestamptz NOT NULL,              -- care time
    state        text NOT NULL CHECK (state IN ('ready', 'sending', 'sent', 'given_up')),
    lease        uuid,
    lease_until  timestamptz,
    attempts     smallint NOT NULL,
    next_at      timestamptz NOT NULL,              -- machine time
    sent_at      timestamptz,                       -- machine time
    last_error   text
);
CREATE INDEX page_in_turn ON page (channel, (priority = 'high'), next_at) WHERE state IN ('ready', 'sending');
CREATE INDEX page_by_alert ON page USING gin (alerts);
CREATE INDEX page_by_staff ON page (staff, priority, made_at);

-- Written in the transaction of the act it records.
CREATE TABLE audit (
    audit        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation uuid,
    at           timestamptz NOT NULL,              -- machine time
    staff        uuid,
    patient      uuid,
    what         text NOT NULL,
    detail       jsonb NOT NULL
);
CREATE INDEX audit_by_staff ON audit (staff, at);
