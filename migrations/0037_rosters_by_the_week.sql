-- Cover and rosters by the week, who takes what outside cover, overrides, leave. What was daily is so on every day.

-- Hours begin on these days: Monday 1, Tuesday 2, Wednesday 4 … Sunday 64, and 128 a bank holiday that is a day of its own.
CREATE TABLE team_cover (
    team        uuid NOT NULL REFERENCES team,
    position    smallint NOT NULL,
    days        smallint NOT NULL CHECK (days BETWEEN 1 AND 255),
    hours_from  time NOT NULL,                      -- in the organisation's time zone; equal to hours_until: all day
    hours_until time NOT NULL,
    PRIMARY KEY (team, position)
);
INSERT INTO team_cover (team, position, days, hours_from, hours_until) SELECT team, 1, 255, cover_from, cover_until FROM team;
-- What was, for a service before this one that still runs: nothing reads or writes it since.
ALTER TABLE team ALTER COLUMN cover_from DROP NOT NULL, ALTER COLUMN cover_until DROP NOT NULL,
                 ADD COLUMN keeps_bank_holidays boolean NOT NULL DEFAULT false;
ALTER TABLE team ALTER COLUMN keeps_bank_holidays DROP DEFAULT;

ALTER TABLE roster ADD COLUMN days smallint NOT NULL DEFAULT 255 CHECK (days BETWEEN 1 AND 255);
ALTER TABLE roster ALTER COLUMN days DROP DEFAULT;

-- Outside cover another team takes these; what has no row waits until cover opens.
CREATE TABLE team_outside (
    team     uuid NOT NULL REFERENCES team,
    priority text NOT NULL CHECK (priority IN ('high', 'medium', 'low')),
    taken_by uuid NOT NULL REFERENCES team,
    PRIMARY KEY (team, priority),
    CHECK (team <> taken_by)
);
CREATE INDEX team_outside_by_taker ON team_outside (taken_by);

CREATE TABLE roster_override (
    roster_override uuid PRIMARY KEY,
    team            uuid NOT NULL REFERENCES team,
    instead_of      uuid REFERENCES staff,          -- null: beside whoever is there
    staff           uuid NOT NULL REFERENCES staff,
    from_at         timestamptz NOT NULL,           -- care time
    until_at        timestamptz NOT NULL,
    made_at         timestamptz NOT NULL,           -- care time; of two for the same hours the newer holds
    CHECK (from_at < until_at),
    CHECK (instead_of <> staff)
);
CREATE INDEX roster_override_by_team ON roster_override (team, until_at);
CREATE INDEX roster_override_by_staff ON roster_override (staff);

CREATE TABLE staff_leave (
    staff_leave  uuid PRIMARY KEY,
    staff        uuid NOT NULL REFERENCES staff,
    organisation uuid NOT NULL REFERENCES organisation, -- the person's
    from_at      timestamptz NOT NULL,              -- care time
    until_at     timestamptz NOT NULL,
    CHECK (from_at < until_at)
);
CREATE INDEX staff_leave_by_staff ON staff_leave (staff, until_at);

-- Holes within cover that the operator was told of, and whether once more shortly before.
CREATE TABLE roster_hole (
    team     uuid NOT NULL REFERENCES team,
    from_at  timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    near     boolean NOT NULL,
    PRIMARY KEY (team, from_at)
);

-- A calendar subscribes to one's shifts with this; it opens nothing else.
CREATE TABLE roster_feed (
    staff        uuid PRIMARY KEY REFERENCES staff,
    organisation uuid NOT NULL REFERENCES organisation,
    token_hash   bytea NOT NULL UNIQUE,             -- SHA-256 of the token
    made_at      timestamptz NOT NULL               -- machine time
);

-- Teams one works in or is paged for: as a member, on the roster, standing in for somebody, or in a team that took another's hours.
-- Whoever asks reads it with their own rights.
CREATE VIEW own_team WITH (security_invoker) AS
    WITH of_staff AS (
        SELECT team, staff FROM team_member UNION SELECT team, staff FROM roster UNION SELECT team, staff FROM roster_override
    )
    SELECT team, staff FROM of_staff
    UNION SELECT team_outside.team, of_staff.staff FROM team_outside JOIN of_staff ON of_staff.team = team_outside.taken_by;

CREATE OR REPLACE FUNCTION seen_teams() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT coalesce(array_agg(own_team.team), '{}') FROM own_team
          WHERE own_team.staff = acting_staff()
                AND EXISTS (SELECT FROM staff WHERE staff.staff = acting_staff() AND staff.role <> 'auditor'
                                                    AND staff.deactivated_at IS NULL) $$;

CREATE OR REPLACE FUNCTION who_opened(of_patient uuid, before bigint, at_most integer)
    RETURNS TABLE (audit bigint, at timestamptz, what text, why text, name text, profession text, organisation text, team text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT audit.audit, audit.at, audit.what, audit.why, coalesce(staff.name, audit.operator), staff.profession,
                 organisation.name,
                 (SELECT min(team.name) FROM team
                  WHERE (team.team IN (SELECT patient.team FROM patient WHERE patient.patient = of_patient
                                       UNION SELECT patient_team.team FROM patient_team WHERE patient_team.patient = of_patient))
                        AND EXISTS (SELECT FROM own_team WHERE own_team.team = team.team AND own_team.staff = audit.staff))
          FROM audit LEFT JOIN staff ON staff.staff = audit.staff
               LEFT JOIN organisation ON organisation.organisation = coalesce(audit.employer, audit.organisation)
          WHERE audit.patient = of_patient AND audit.audit < before AND audit.actor IN ('staff', 'operator')
                AND audit.what <> 'record.refused'
          ORDER BY audit.audit DESC LIMIT at_most $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['team_cover', 'team_outside', 'roster_override', 'staff_leave', 'roster_hole', 'roster_feed'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_ingest, derwent_monitor, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['team_cover', 'team_outside', 'roster_override', 'roster_hole'] LOOP
        EXECUTE format('CREATE POLICY seen ON %1$I TO derwent_web USING (EXISTS (SELECT FROM team WHERE team.team = %1$I.team))
                        WITH CHECK (EXISTS (SELECT FROM team WHERE team.team = %1$I.team))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['team_cover', 'team_outside', 'roster_override'] LOOP
        EXECUTE format('CREATE POLICY sign_in ON %I FOR SELECT TO derwent_sign_in USING (true)', name);
    END LOOP;
END
$$;
-- Of whoever may stand on a roster one sees: the own organisation's people, and members of one's teams.
CREATE POLICY seen ON staff_leave TO derwent_web
    USING (organisation = (SELECT acting_organisation())
           OR EXISTS (SELECT FROM team_member WHERE team_member.staff = staff_leave.staff))
    WITH CHECK (organisation = (SELECT acting_organisation())
                OR EXISTS (SELECT FROM team_member WHERE team_member.staff = staff_leave.staff));
CREATE POLICY own ON roster_feed TO derwent_web
    USING (staff = (SELECT acting_staff())) WITH CHECK (staff = (SELECT acting_staff()));
CREATE POLICY sign_in ON roster_feed FOR SELECT TO derwent_sign_in USING (true);

GRANT SELECT ON team_cover TO derwent_ingest;
GRANT SELECT ON team_cover, team_outside, roster_override, staff_leave TO derwent_monitor;
GRANT SELECT, INSERT, DELETE, UPDATE ON roster_hole TO derwent_monitor;
GRANT DELETE ON roster_override, staff_leave TO derwent_monitor;
GRANT SELECT ON team_cover, team_outside, roster_override, staff_leave, own_team TO derwent_web;
GRANT INSERT, DELETE ON team_cover, team_outside, roster, roster_override, staff_leave TO derwent_web;
GRANT UPDATE (keeps_bank_holidays) ON team TO derwent_web;
GRANT SELECT, INSERT, DELETE ON roster_feed TO derwent_web;
GRANT SELECT ON team_outside, roster_override, own_team, roster_feed TO derwent_sign_in;
