-- Who works here, who is looked after, and with which devices.

CREATE TABLE organisation (
    organisation uuid PRIMARY KEY,
    name         text NOT NULL,
    time_zone    text NOT NULL                      -- IANA name
);

CREATE TABLE team (
    team         uuid PRIMARY KEY,
    organisation uuid NOT NULL REFERENCES organisation,
    name         text NOT NULL,
    phone        text NOT NULL,                     -- what a patient rings
    cover_from   time NOT NULL,                     -- declared cover, each day, in the organisation's time zone
    cover_until  time NOT NULL
);

CREATE TABLE staff (
    staff        uuid PRIMARY KEY,
    organisation uuid NOT NULL REFERENCES organisation,
    name         text NOT NULL,
    email        text NOT NULL UNIQUE,
    pager_key    text,                              -- routing key of the pager service (Events v2)
    role         text NOT NULL CHECK (role IN ('co-ordinator', 'clinician', 'administrator', 'auditor')),
    profession   text NOT NULL,
    password     text                               -- argon2id, PHC string; null: cannot sign in
);

CREATE TABLE team_member (
    team  uuid NOT NULL REFERENCES team,
    staff uuid NOT NULL REFERENCES staff,
    PRIMARY KEY (team, staff)
);

CREATE TABLE staff_session (
    token_hash   bytea PRIMARY KEY,                 -- SHA-256 of the cookie's token
    staff        uuid NOT NULL REFERENCES staff,
    organisation uuid NOT NULL REFERENCES organisation,
    made_at      timestamptz NOT NULL,              -- machine time
    ends_at      timestamptz NOT NULL
);

-- Who is paged, in order of position: the first whose shift holds the instant is on duty, the one after is next.
CREATE TABLE roster (
    team        uuid NOT NULL REFERENCES team,
    position    smallint NOT NULL,
    staff       uuid NOT NULL REFERENCES staff,
    shift_from  time NOT NULL,                      -- each day, in the organisation's time zone; equal to shift_until: all day
    shift_until time NOT NULL,
    PRIMARY KEY (team, position)
);

CREATE TABLE patient (
    patient       uuid PRIMARY KEY,
    organisation  uuid NOT NULL REFERENCES organisation,
    team          uuid NOT NULL REFERENCES team,
    given_name    text NOT NULL,
    family_name   text NOT NULL,
    date_of_birth date NOT NULL,
    phone         text,
    lives_alone   boolean NOT NULL,
    time_zone     text NOT NULL,
    made_at       timestamptz NOT NULL,
    live_since    timestamptz,                      -- after one reading made the round trip
    ended_at      timestamptz
);
CREATE INDEX patient_by_team ON patient (organisation, team);

-- Plan, limits, tags, pauses: every version is kept, so any evaluation can be computed again.
CREATE TABLE patient_facts (
    patient      uuid NOT NULL REFERENCES patient,
    version      bigint NOT NULL,
    organisation uuid NOT NULL REFERENCES organisation,
    valid_from   timestamptz NOT NULL,
    facts        jsonb NOT NULL,                    -- alert_rules::Facts
    made_by      text NOT NULL,                     -- a staff member's name, or the command that did it
    why          text NOT NULL,
    PRIMARY KEY (patient, version)
);

-- When the service was not there to listen: `overdue` subtracts it.
CREATE TABLE service_gap (
    from_at  timestamptz PRIMARY KEY,
    until_at timestamptz NOT NULL
);

CREATE TABLE carer (
    carer         uuid PRIMARY KEY,
    organisation  uuid NOT NULL REFERENCES organisation,
    name          text NOT NULL,
    date_of_birth date NOT NULL
);

CREATE TABLE enrolment_code (
    code_hash     bytea PRIMARY KEY,                -- SHA-256 of the code; the code itself is shown once
    organisation  uuid NOT NULL REFERENCES organisation,
    patient       uuid REFERENCES patient,          -- the device's own patient; null for a carer's code
    carer         uuid REFERENCES carer,
    replaces      uuid,                             -- device revoked when the code is used
    made_by       text NOT NULL,
    made_at       timestamptz NOT NULL,             -- machine time
    ends_at       timestamptz NOT NULL,             -- 72 h later
    wrong_answers smallint NOT NULL,
    used_by       uuid,                             -- the device
    used_key      text,                             -- RFC 7638 thumbprint: the same key gets the same answer
    CHECK ((patient IS NULL) <> (carer IS NULL))
);
CREATE TABLE enrolment_code_person (
    code_hash bytea NOT NULL REFERENCES enrolment_code,
    patient   uuid NOT NULL REFERENCES patient,
    PRIMARY KEY (code_hash, patient)
);

CREATE TABLE device (
    device        uuid PRIMARY KEY,
    organisation  uuid NOT NULL REFERENCES organisation,
    patient       uuid REFERENCES patient,          -- its own patient; null: a carer's
    carer         uuid REFERENCES carer,
    public_key    jsonb NOT NULL,                   -- JWK, P-256
    name          text NOT NULL,
    platform      text NOT NULL,
    app_version   text NOT NULL,
    enrolled_at   timestamptz NOT NULL,             -- machine time
    revoked_at    timestamptz,
    connection    bigint NOT NULL,                  -- number of the newest connection: an older one is replaced
    notifications text,
    last_push     bigint NOT NULL,                  -- highest number given to a push
    CHECK ((patient IS NULL) <> (carer IS NULL))
);
ALTER TABLE enrolment_code ADD FOREIGN KEY (used_by) REFERENCES device, ADD FOREIGN KEY (replaces) REFERENCES device;

-- Whom a device may submit for, under which handle (`for`).
CREATE TABLE device_person (
    device  uuid NOT NULL REFERENCES device,
    handle  text NOT NULL,
    patient uuid NOT NULL REFERENCES patient,
    PRIMARY KEY (device, handle),
    UNIQUE (device, patient)
);
CREATE INDEX device_person_by_patient ON device_person (patient);
