-- The life of a page, for whoever runs the service and for administrators: why it was sent, each try, and what the other side said.

ALTER TABLE page
    ADD COLUMN requests   uuid[] NOT NULL DEFAULT '{}',     -- page_requests that it was formed from; empty before this version
    ADD COLUMN instead_of uuid,                             -- a page that a try did not get out: this one goes another way
    ADD COLUMN test       boolean NOT NULL DEFAULT false;   -- somebody tries whether pages reach them
CREATE INDEX page_made ON page (made_at);
CREATE INDEX page_instead ON page (instead_of) WHERE instead_of IS NOT NULL;

CREATE TABLE page_attempt (
    page    uuid NOT NULL REFERENCES page ON DELETE CASCADE,
    n       smallint NOT NULL,                      -- as page.attempts counts; whoever died while sending left none
    at      timestamptz NOT NULL,                   -- machine time, when it ended
    outcome text NOT NULL CHECK (outcome IN ('sent', 'again', 'given_up')),
    said    text NOT NULL,                          -- short; addresses in it are masked
    PRIMARY KEY (page, n)
);
ALTER TABLE page_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE page_attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON page_attempt TO derwent_monitor, derwent_eraser, CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY seen ON page_attempt FOR SELECT TO derwent_web
    USING (EXISTS (SELECT FROM page WHERE page.page = page_attempt.page));
GRANT SELECT, INSERT, UPDATE ON page_attempt TO derwent_monitor;
GRANT SELECT ON page_attempt TO derwent_web;
GRANT SELECT, DELETE ON page_attempt TO derwent_eraser;

-- The organisation whose staff the acting member looks after.
CREATE FUNCTION administered_organisation() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT staff.organisation FROM staff
          WHERE staff.staff = acting_staff() AND staff.role = 'administrator' AND staff.deactivated_at IS NULL $$;

-- Administrators see that there was a page about whose alert, and of the alert no more than a page says.
DROP POLICY seen ON page;
CREATE POLICY seen ON page FOR SELECT TO derwent_web
    USING (EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts))
           OR alerts = '{}' AND staff = (SELECT acting_staff())
           OR organisation = (SELECT administered_organisation()));
CREATE POLICY administered ON page_request FOR SELECT TO derwent_web
    USING (organisation = (SELECT administered_organisation()));
CREATE VIEW alert_paged WITH (security_barrier) AS
    SELECT alert, organisation, team, reference, kind, priority, opened_at, acknowledged_at, owner, closed_at
    FROM alert
    WHERE current_user <> 'derwent_web'
          OR organisation = (SELECT administered_organisation())
          OR EXISTS (SELECT FROM patient
                     WHERE patient.patient = alert.patient
                           AND (patient.team = ANY ((SELECT seen_teams())::uuid[])
                                OR patient.patient = ANY ((SELECT seen_beside())::uuid[]))
                           AND patient.patient <> ALL ((SELECT hidden_patients())::uuid[]));
GRANT SELECT ON alert_paged TO derwent_web;

-- The pages show neither where a page went nor its words, which may be somebody's code.
REVOKE SELECT ON page FROM derwent_web;
GRANT SELECT (page, alerts, requests, organisation, staff, channel, contact_point, priority, made_at, state, attempts, next_at, sent_at,
              instead_of, test) ON page TO derwent_web;

-- The ways to page somebody, without where they lead: one's own, and those of the people whom one administers.
CREATE FUNCTION proven_ways(of_staff uuid) RETURNS TABLE (contact_point uuid, kind text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT point.contact_point, point.kind FROM contact_point AS point JOIN staff USING (staff)
          WHERE staff.staff = of_staff AND point.verified_at IS NOT NULL AND staff.deactivated_at IS NULL
                AND (staff.staff = acting_staff() OR staff.organisation = administered_organisation())
          ORDER BY point.kind, point.made_at, point.contact_point $$;

-- A page to one of them that says it is a test. False: there is no such way.
CREATE FUNCTION form_test_page(new_page uuid, of_staff uuid, way uuid, says text, more text, care_now timestamptz, machine_now timestamptz)
    RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ WITH formed AS (
              INSERT INTO page (page, alerts, organisation, staff, channel, contact_point, address, priority, subject, body, made_at,
                                state, attempts, next_at, test)
              SELECT new_page, '{}', staff.organisation, staff.staff, point.kind, point.contact_point, point.address, 'medium', says,
                     more, care_now, 'ready', 0, machine_now, true
              FROM proven_ways(of_staff) AS proven JOIN contact_point AS point USING (contact_point) JOIN staff USING (staff)
              WHERE point.contact_point = way
              RETURNING page)
          SELECT EXISTS (SELECT FROM formed) $$;

REVOKE ALL ON FUNCTION administered_organisation(), proven_ways(uuid),
    form_test_page(uuid, uuid, uuid, text, text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION administered_organisation(), proven_ways(uuid),
    form_test_page(uuid, uuid, uuid, text, text, timestamptz, timestamptz) TO derwent_web;
