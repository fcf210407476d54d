-- Staff are told in a browser, too. Its address is the one that the browser's push service gave out; the secret is what only that browser reads with.
ALTER TABLE contact_point DROP CONSTRAINT contact_point_kind_check;
ALTER TABLE contact_point ADD CONSTRAINT contact_point_kind_check CHECK (kind IN ('email', 'pager', 'sms', 'webhook', 'web_push'));
ALTER TABLE contact_point DROP CONSTRAINT contact_point_check;
ALTER TABLE contact_point ADD CONSTRAINT contact_point_check CHECK ((kind IN ('webhook', 'web_push')) = (secret IS NOT NULL));
ALTER TABLE page DROP CONSTRAINT page_channel_check;
ALTER TABLE page ADD CONSTRAINT page_channel_check CHECK (channel IN ('email', 'pager', 'sms', 'webhook', 'web_push'));

-- What this installation signs its notifications with (VAPID): browsers take them from nobody else, so it outlives restarts and restores.
CREATE TABLE push_key (
    only_row    boolean PRIMARY KEY CHECK (only_row),
    private_key bytea NOT NULL,                     -- PKCS #8, of P-256
    public_key  bytea NOT NULL,                     -- the uncompressed point, 65 bytes
    made_at     timestamptz NOT NULL                -- machine time
);
GRANT SELECT (public_key) ON push_key TO derwent_web;

-- A receiver that wants no more is taken away, and its owner told.
GRANT DELETE ON contact_point TO derwent_monitor;
