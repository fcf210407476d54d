-- What phones sent: heads and ledger, readings, answers, events, corrections, refusals, and the queue to the monitor.

-- Narrow and referenced by nothing: the writer locks it in patient order, and numbers have no gaps.
CREATE TABLE patient_head (
    patient  uuid PRIMARY KEY,
    last_seq bigint NOT NULL
) WITH (fillfactor = 50);

-- The idempotency ledger. Plain, because a hypertable's unique index must hold the time column.
CREATE TABLE submission (
    patient      uuid NOT NULL,
    client_id    uuid NOT NULL,
    organisation uuid NOT NULL,
    seq          bigint NOT NULL,
    content_hash bytea NOT NULL,                    -- SHA-256 of the canonical form; its first byte is the form's version
    kind         text NOT NULL CHECK (kind IN ('reading', 'answers', 'event', 'correction')),
    effective_at timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,              -- care time
    device       uuid,                              -- null: entered by staff
    entered_by   uuid,                              -- staff, for a reading told by phone
    flags        text[] NOT NULL,                   -- unconfirmed, impossible, dated_by_arrival, …
    note         text,
    PRIMARY KEY (patient, client_id),
    UNIQUE (patient, seq)
);

-- One row a component. Append-only. Every statement on it bounds effective_at.
CREATE TABLE reading (
    organisation   uuid NOT NULL,
    patient        uuid NOT NULL,
    seq            bigint NOT NULL,
    component      text NOT NULL,                   -- systolic, diastolic, pulse, glucose, …; equal to vital where there is one; 'absent' where none
    effective_at   timestamptz NOT NULL,
    vital          text NOT NULL,
    value_given    numeric,                         -- as the phone sent it
    unit_given     text,
    value          double precision,                -- in the vital's own unit (alert_rules::Vital)
    comparator     text CHECK (comparator IN ('high', 'low')),
    absent         text,
    offset_minutes smallint NOT NULL,               -- the phone's own UTC offset
    received_at    timestamptz NOT NULL,
    flags          text[] NOT NULL,
    method         text,
    context        jsonb,                           -- meal, arm, posture …; and the instrument
    PRIMARY KEY (patient, seq, component, effective_at)
);
SELECT create_hypertable('reading', by_range('effective_at', INTERVAL '90 days'), create_default_indexes => false);
CREATE INDEX reading_by_time ON reading (patient, effective_at DESC);

CREATE TABLE answers (
    patient       uuid NOT NULL,
    seq           bigint NOT NULL,
    organisation  uuid NOT NULL,
    effective_at  timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    questionnaire text NOT NULL,                    -- name|version
    partial       boolean NOT NULL,
    answers       jsonb NOT NULL,                   -- [{link_id, value}]
    PRIMARY KEY (patient, seq)
);
CREATE INDEX answers_by_time ON answers (patient, effective_at DESC);

CREATE TABLE event (
    patient      uuid NOT NULL,
    seq          bigint NOT NULL,
    organisation uuid NOT NULL,
    effective_at timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    event        text NOT NULL,                     -- insulin, meal, exercise, …
    quantity     text,                              -- dose, …
    value_given  numeric,
    unit_given   text,
    value        double precision,
    context      jsonb,
    PRIMARY KEY (patient, seq)
);
CREATE INDEX event_by_time ON event (patient, effective_at DESC);

CREATE TABLE correction (
    patient      uuid NOT NULL,
    seq          bigint NOT NULL,
    organisation uuid NOT NULL,
    corrects     uuid NOT NULL,                     -- client id of the earlier submission
    corrects_seq bigint NOT NULL,
    effective_at timestamptz NOT NULL,              -- of what it corrects
    received_at  timestamptz NOT NULL,
    reason       text NOT NULL,
    "values"     jsonb,                             -- replacing components, normalised, with the given ones beside
    PRIMARY KEY (patient, seq)
);
CREATE INDEX correction_by_target ON correction (patient, corrects_seq, seq);

-- What an authenticated device sent and we would not take. Kept 90 days, beside the patient's readings.
CREATE TABLE refusal (
    refusal      uuid PRIMARY KEY,
    organisation uuid NOT NULL,
    device       uuid,
    patient      uuid,
    client_id    text,                              -- as sent; may not be a UUID
    reason       text NOT NULL,
    detail       text NOT NULL,
    as_sent      text NOT NULL,                     -- the item's JSON text, cut at 4,096 characters
    received_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX refusal_once ON refusal (device, client_id, reason) NULLS NOT DISTINCT WHERE client_id IS NOT NULL;
CREATE INDEX refusal_by_patient ON refusal (patient, received_at DESC);

-- The queue to the monitor: insert-only for the writer, deleted by the monitor in its finishing transaction.
CREATE TABLE arrival (
    arrival      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient      uuid NOT NULL,
    seq          bigint,                            -- null: shown, acceptance, changed facts, publishing
    cause        text NOT NULL,
    earliest     timestamptz NOT NULL,              -- earliest effective time touched
    rank         smallint NOT NULL,                 -- 0: outside its hold range or off the instrument's scale
    received_at  timestamptz NOT NULL
);
CREATE INDEX arrival_in_turn ON arrival (rank, arrival DESC);
CREATE INDEX arrival_by_patient ON arrival (patient);

-- An ask was shown on a phone: stored data, judged like a reading.
CREATE TABLE shown (
    patient      uuid NOT NULL,
    ask          uuid NOT NULL,
    organisation uuid NOT NULL,
    shown_at     timestamptz NOT NULL,              -- care time
    PRIMARY KEY (patient, ask)
);

-- Things a phone must see once: `ask` and `message`, numbered per device under its lock, kept until acknowledged.
CREATE TABLE push (
    device       uuid NOT NULL REFERENCES device,
    n            bigint NOT NULL,
    patient      uuid NOT NULL,
    organisation uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('ask', 'message')),
    body         jsonb NOT NULL,                    -- the server message without n
    made_at      timestamptz NOT NULL,
    acknowledged boolean NOT NULL,
    PRIMARY KEY (device, n)
);
CREATE INDEX push_waiting ON push (device, n) WHERE NOT acknowledged;

-- Nonces for requests over HTTP: each serves once, at any replica.
CREATE TABLE http_challenge (
    nonce   text PRIMARY KEY,
    made_at timestamptz NOT NULL,                   -- machine time
    ends_at timestamptz NOT NULL
);
CREATE INDEX http_challenge_ended ON http_challenge (ends_at);
