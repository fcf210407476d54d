-- Rules are proposed by one and approved by another, and a pack watches nobody until a named clinician has signed it.

-- Who may publish rules: they hold for every organisation of this installation, so whoever runs it says who.
ALTER TABLE staff ADD COLUMN rule_owner boolean NOT NULL DEFAULT false;
GRANT SELECT (role, rule_owner, deactivated_at) ON staff TO derwent_monitor;
GRANT SELECT (rule_owner) ON staff TO derwent_web;
GRANT SELECT ON installation TO derwent_monitor;    -- a demo signs nothing

-- What somebody proposed to put in force. One that was withdrawn may be proposed again.
CREATE TABLE rules_proposal (
    hash        bytea PRIMARY KEY,                  -- of the files
    content     jsonb NOT NULL,                     -- the packs' files, by path
    proposed_by uuid NOT NULL REFERENCES staff,
    proposed_at timestamptz NOT NULL,               -- machine time
    why         text NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON rules_proposal TO derwent_monitor;
GRANT SELECT ON rules_proposal TO derwent_web;

-- A clinician has read the printed pack, its sources and its scenarios, and releases exactly these files.
CREATE TABLE pack_signature (
    pack         text NOT NULL,
    hash         bytea NOT NULL,                    -- of the pack's own files
    staff        uuid NOT NULL REFERENCES staff,
    name         text NOT NULL,                     -- as it stood then
    registration text NOT NULL,                     -- of their profession: "GMC 1234567"
    at           timestamptz NOT NULL,              -- machine time
    PRIMARY KEY (pack, hash, staff)
);
GRANT SELECT, INSERT ON pack_signature TO derwent_monitor;
GRANT SELECT ON pack_signature TO derwent_web;
