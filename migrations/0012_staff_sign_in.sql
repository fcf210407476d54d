-- How staff sign in. Everything a sign-in is checked against lies in tables of its own, which one role alone may read:
-- a query of the pages, whatever it says, reaches no hash and no secret.
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('derwent roles'));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'derwent_sign_in') THEN
        CREATE ROLE derwent_sign_in NOLOGIN;
        -- Who creates a role becomes a member of it who may grant, but not act as, it.
        GRANT derwent_sign_in TO CURRENT_USER;
    ELSIF NOT pg_has_role(current_user, 'derwent_sign_in', 'USAGE') THEN
        GRANT derwent_sign_in TO CURRENT_USER;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO derwent_sign_in;

CREATE TABLE staff_credential (
    staff    uuid PRIMARY KEY REFERENCES staff,
    password text NOT NULL,                         -- argon2id, PHC string
    set_at   timestamptz NOT NULL                   -- machine time, as everywhere in this file
);
-- When the passwords that are there were set is not known.
INSERT INTO staff_credential (staff, password, set_at)
    SELECT staff.staff, staff.password, installation.made_at FROM staff, installation WHERE staff.password IS NOT NULL;
UPDATE staff SET password = NULL;
ALTER TABLE staff ADD CONSTRAINT password_is_elsewhere CHECK (password IS NULL);
ALTER TABLE staff ADD COLUMN deactivated_at timestamptz;

CREATE TABLE staff_totp (
    staff     uuid PRIMARY KEY REFERENCES staff,
    secret    bytea NOT NULL,                       -- 160 bits
    last_step bigint NOT NULL,                      -- of the last code that was taken: none of it or before is taken again
    set_at    timestamptz NOT NULL
);
-- A secret that was shown and not yet proven to have arrived.
CREATE TABLE staff_totp_offer (
    staff   uuid PRIMARY KEY REFERENCES staff,
    secret  bytea NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE TABLE staff_recovery_code (
    staff     uuid NOT NULL REFERENCES staff,
    code_hash bytea NOT NULL,                       -- SHA-256 of 80 random bits
    PRIMARY KEY (staff, code_hash)
);

-- Between the first factor and the second.
CREATE TABLE sign_in_attempt (
    token_hash      bytea PRIMARY KEY,              -- SHA-256 of the cookie's token
    staff           uuid NOT NULL REFERENCES staff,
    shared_computer boolean NOT NULL,
    first_factor    text NOT NULL,
    ends_at         timestamptz NOT NULL            -- 10 minutes later
);
CREATE INDEX sign_in_attempt_by_staff ON sign_in_attempt (staff);
-- Browsers in which somebody has signed in: guesses from elsewhere do not lock them out of here.
CREATE TABLE staff_place (
    token_hash bytea NOT NULL,                      -- SHA-256 of the browser's own cookie
    staff      uuid NOT NULL REFERENCES staff,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (token_hash, staff)
);
CREATE INDEX staff_place_by_staff ON staff_place (staff);
-- Wrong guesses. A slate is the hash of what is counted (an account, an address): whatever was typed is not kept.
CREATE TABLE sign_in_guess (
    slate   bytea PRIMARY KEY,
    times   integer NOT NULL,
    last_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL                    -- from then on as if it had never been
);
CREATE INDEX sign_in_guess_by_end ON sign_in_guess (ends_at);

CREATE TABLE staff_invitation (
    token_hash bytea PRIMARY KEY,                   -- SHA-256 of the link's token
    staff      uuid NOT NULL UNIQUE REFERENCES staff,
    made_at    timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL                 -- 72 h later
);

-- Sessions that began without a second factor end here.
DELETE FROM staff_session;
ALTER TABLE staff_session
    ADD COLUMN session         uuid NOT NULL UNIQUE,    -- names it to its owner; opens nothing
    ADD COLUMN shared_computer boolean NOT NULL,
    ADD COLUMN used_at         timestamptz NOT NULL,    -- by a person, within a minute
    ADD COLUMN idle_s          integer NOT NULL,        -- ends when unused for so long
    ADD COLUMN address         text NOT NULL,
    ADD COLUMN browser         text NOT NULL,           -- in words, as in "Firefox on Windows"
    ADD COLUMN factors         text NOT NULL;
CREATE INDEX staff_session_by_staff ON staff_session (staff);

-- The pages know who is signed in; they can let nobody in.
REVOKE INSERT, DELETE ON staff_session FROM derwent_web;
GRANT UPDATE (used_at) ON staff_session TO derwent_web;
REVOKE SELECT ON staff FROM derwent_web;
GRANT SELECT (staff, organisation, name, email, pager_key, role, profession, deactivated_at) ON staff TO derwent_web;

GRANT SELECT, INSERT, UPDATE, DELETE ON staff_credential, staff_totp, staff_totp_offer, staff_recovery_code, sign_in_attempt, staff_place,
                                        sign_in_guess, staff_invitation, staff_session TO derwent_sign_in;
GRANT SELECT ON organisation, team, team_member, roster TO derwent_sign_in;
GRANT SELECT (staff, organisation, name, email, role, profession, deactivated_at) ON staff TO derwent_sign_in;
GRANT INSERT (staff, organisation, name, email, role, profession) ON staff TO derwent_sign_in;
GRANT UPDATE (deactivated_at) ON staff TO derwent_sign_in;
GRANT INSERT, DELETE ON team_member TO derwent_sign_in;
GRANT INSERT, SELECT (at, staff, device, patient, what, detail) ON audit TO derwent_sign_in;
CREATE POLICY sign_in ON audit FOR INSERT TO derwent_sign_in WITH CHECK (true);
CREATE POLICY sign_in ON team FOR SELECT TO derwent_sign_in USING (true);
CREATE POLICY sign_in ON team_member TO derwent_sign_in USING (true) WITH CHECK (true);
CREATE POLICY sign_in ON roster FOR SELECT TO derwent_sign_in USING (true);
