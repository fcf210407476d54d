-- Where each member of staff can be told, how that was found to be true, and what became of a page afterwards.
CREATE TABLE contact_point (
    contact_point uuid PRIMARY KEY,
    staff         uuid NOT NULL REFERENCES staff,
    kind          text NOT NULL CHECK (kind IN ('email', 'pager', 'sms', 'webhook')),
    address       text NOT NULL,                    -- mail address, routing key (Events v2), number as in +447700900123, https://…
    secret        text,                             -- signs what goes to a webhook (whsec_…)
    made_at       timestamptz NOT NULL,             -- machine time, as everywhere in this file
    verified_at   timestamptz,                      -- null: nothing but codes is sent there
    UNIQUE (staff, kind, address),
    CHECK ((kind = 'webhook') = (secret IS NOT NULL))
);
-- What was sent to prove one. Without a reference to the point: who takes it away and adds it again has not asked less often.
CREATE TABLE contact_code (
    contact_code  uuid PRIMARY KEY,
    contact_point uuid NOT NULL,
    staff         uuid NOT NULL REFERENCES staff,
    page          uuid NOT NULL,                    -- the page that carries it
    code_hash     bytea NOT NULL,                   -- SHA-256 of the point's id and the code
    sent_at       timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,             -- 15 minutes later
    wrong_answers smallint NOT NULL                 -- the fifth ends it
);
CREATE INDEX contact_code_by_staff ON contact_code (staff, sent_at);

-- Whatever was paged until now is paged from now on: an upgrade takes nobody off the line.
INSERT INTO contact_point (contact_point, staff, kind, address, made_at, verified_at)
    SELECT gen_random_uuid(), staff.staff, way.kind, way.address, installation.made_at, installation.made_at
    FROM staff CROSS JOIN installation CROSS JOIN LATERAL (VALUES ('email', email), ('pager', pager_key)) AS way (kind, address)
    WHERE way.address IS NOT NULL;
UPDATE staff SET pager_key = NULL WHERE pager_key IS NOT NULL;

-- An invitation that came by mail proves the address it came to; a link that was printed does not.
ALTER TABLE staff_invitation ADD COLUMN mailed boolean NOT NULL DEFAULT false;

ALTER TABLE page DROP CONSTRAINT page_channel_check;
ALTER TABLE page ADD CONSTRAINT page_channel_check CHECK (channel IN ('email', 'pager', 'sms', 'webhook'));
ALTER TABLE page
    ADD COLUMN contact_point   uuid,                -- null: to the operator, or to the sign-in address of somebody who has none
    -- What the pager service was told since: it keeps ringing until it hears that somebody acts.
    ADD COLUMN followed        text CHECK (followed IN ('acknowledge', 'resolve')),
    ADD COLUMN follow_attempts smallint NOT NULL DEFAULT 0;
UPDATE page SET followed = 'resolve'
    WHERE channel = 'pager' AND NOT EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts) AND alert.closed_at IS NULL);
CREATE INDEX page_to_follow ON page (next_at) WHERE channel = 'pager' AND state = 'sent' AND followed IS DISTINCT FROM 'resolve';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['contact_point', 'contact_code'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY service ON %I TO derwent_monitor, derwent_sign_in, derwent_eraser, CURRENT_USER
                        USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY own ON %I TO derwent_web
                        USING (staff = (SELECT acting_staff())) WITH CHECK (staff = (SELECT acting_staff()))', name);
    END LOOP;
END
$$;
-- The pages form one kind of page themselves: a code to somebody's own contact point.
DROP POLICY seen ON page;
CREATE POLICY seen ON page FOR SELECT TO derwent_web
    USING (EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts)) OR alerts = '{}' AND staff = (SELECT acting_staff()));
CREATE POLICY code ON page FOR INSERT TO derwent_web WITH CHECK (alerts = '{}' AND staff = (SELECT acting_staff()));

GRANT SELECT ON contact_point TO derwent_monitor;
GRANT SELECT, INSERT, DELETE, UPDATE (verified_at) ON contact_point TO derwent_web;
GRANT SELECT, INSERT, DELETE, UPDATE (wrong_answers) ON contact_code TO derwent_web;
GRANT INSERT ON page TO derwent_web;
GRANT SELECT, INSERT, UPDATE (verified_at) ON contact_point TO derwent_sign_in;
GRANT SELECT, DELETE ON contact_point, contact_code TO derwent_eraser;
