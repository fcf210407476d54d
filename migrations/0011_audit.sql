-- The audit: who did what to whose record, from where and why; append-only, and sealed into a chain of hashes.

ALTER TABLE audit
    ADD COLUMN actor    text CHECK (actor IN ('staff', 'device', 'operator', 'service', 'stranger')),
    ADD COLUMN employer uuid,                       -- organisation of the member of staff
    ADD COLUMN device   uuid,
    ADD COLUMN operator text,                       -- whoever gave the command, by name
    ADD COLUMN address  inet,
    ADD COLUMN why      text;
-- Of what an earlier version wrote, the actor may be missing.
ALTER TABLE audit ADD CHECK (actor IS NOT NULL) NOT VALID,
    ADD CHECK ((actor = 'staff') = (staff IS NOT NULL) AND (actor = 'staff') = (employer IS NOT NULL)
               AND (actor = 'device') = (device IS NOT NULL) AND (actor = 'operator') = (operator IS NOT NULL)) NOT VALID;

CREATE INDEX audit_by_organisation ON audit (organisation, audit);
CREATE INDEX audit_by_employer ON audit (employer, audit) WHERE employer IS NOT NULL;
CREATE INDEX audit_by_patient ON audit (patient, audit) WHERE patient IS NOT NULL;
CREATE INDEX audit_by_device ON audit (device, at) WHERE device IS NOT NULL;

-- Entries that are committed and not in the chain yet. A queue, because ids are not given in the order of commits: what is in
-- it and can be seen is sealed, what cannot be seen yet will be later, and nothing is passed over.
CREATE TABLE audit_waiting (
    audit bigint PRIMARY KEY
);
INSERT INTO audit_waiting (audit) SELECT audit FROM audit;

-- One link for each entry: SHA-256 of the link before and the entry's bytes (src/store/audit_chain.rs).
CREATE TABLE audit_chain (
    n     bigint PRIMARY KEY,                       -- 1, 2, 3 …
    audit bigint NOT NULL UNIQUE,                   -- no foreign key: a link must outlive its entry, to tell of it
    hash  bytea NOT NULL
);

CREATE FUNCTION audit_waits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.audit_waiting (audit) VALUES (NEW.audit);
    RETURN NULL;
END
$$;
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: nothing in it is ever changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER waits AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_waits();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION append_only();
-- Also for a session that says it is a replica.
ALTER TABLE audit ENABLE ALWAYS TRIGGER waits, ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER append_only;

-- An organisation's auditors see what was done to its records and what its staff did to others'; staff write in their own name.
CREATE POLICY of_organisation ON audit FOR SELECT TO derwent_web
    USING ((SELECT acting_organisation()) IN (organisation, employer));
CREATE POLICY in_own_name ON audit FOR INSERT TO derwent_web
    WITH CHECK (staff IS NULL OR staff = coalesce((SELECT acting_staff()), staff));

-- Phones' own reading is on record too, once an hour.
GRANT INSERT, SELECT (at, staff, device, patient, what, detail) ON audit TO derwent_ingest;
-- The sealer's.
GRANT SELECT, DELETE ON audit_waiting TO derwent_monitor;
GRANT SELECT, INSERT ON audit_chain TO derwent_monitor;
