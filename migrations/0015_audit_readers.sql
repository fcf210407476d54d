-- Who reads the audit: an organisation's auditors, who see no record, and each patient what was done to their own.

CREATE FUNCTION reads_audit() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT EXISTS (SELECT FROM staff WHERE staff.staff = acting_staff() AND staff.role = 'auditor') $$;

-- Everybody sees their own entries, too: the same look twice within an hour is one.
DROP POLICY of_organisation ON audit;
CREATE POLICY seen ON audit FOR SELECT TO derwent_web
    USING (staff = (SELECT acting_staff()) OR (SELECT reads_audit()) AND (SELECT acting_organisation()) IN (organisation, employer));

-- Names for entries: of patients of one's own organisation, and of those of others that one's own staff did reach. An entry about a
-- look that was refused says nothing of whose patient it was.
CREATE FUNCTION audit_patients(of_patients uuid[]) RETURNS TABLE (patient uuid, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT patient.patient, patient.given_name || ' ' || patient.family_name
          FROM patient
          WHERE patient.patient = ANY (of_patients) AND reads_audit()
                AND (patient.organisation = acting_organisation()
                     OR EXISTS (SELECT FROM audit WHERE audit.patient = patient.patient AND audit.employer = acting_organisation()
                                       AND audit.organisation = patient.organisation)) $$;
CREATE FUNCTION audit_devices(of_devices uuid[]) RETURNS TABLE (device uuid, owner text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT device.device, coalesce(carer.name, patient.given_name || ' ' || patient.family_name)
          FROM device LEFT JOIN carer ON carer.carer = device.carer LEFT JOIN patient ON patient.patient = device.patient
          WHERE device.device = ANY (of_devices) AND reads_audit() AND device.organisation = acting_organisation() $$;
CREATE FUNCTION find_to_audit(of_family_name text, born date)
    RETURNS TABLE (patient uuid, given_name text, family_name text, date_of_birth date, team text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT patient.patient, patient.given_name, patient.family_name, patient.date_of_birth, team.name
          FROM patient JOIN team ON team.team = patient.team
          WHERE lower(patient.family_name) = lower(of_family_name) AND patient.date_of_birth = born
                AND reads_audit() AND patient.organisation = acting_organisation()
          ORDER BY patient.given_name, patient.patient LIMIT 20 $$;

-- For a patient's own phone: which people did what to their record, newest first.
CREATE FUNCTION who_opened(of_patient uuid, before bigint, at_most integer)
    RETURNS TABLE (audit bigint, at timestamptz, what text, why text, name text, profession text, organisation text, team text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT audit.audit, audit.at, audit.what, audit.why, coalesce(staff.name, audit.operator), staff.profession,
                 organisation.name,
                 (SELECT min(team.name) FROM team
                  WHERE (team.team IN (SELECT patient.team FROM patient WHERE patient.patient = of_patient
                                       UNION SELECT patient_team.team FROM patient_team WHERE patient_team.patient = of_patient))
                        AND (EXISTS (SELECT FROM team_member WHERE team_member.team = team.team AND team_member.staff = audit.staff)
                             OR EXISTS (SELECT FROM roster WHERE roster.team = team.team AND roster.staff = audit.staff)))
          FROM audit LEFT JOIN staff ON staff.staff = audit.staff
               LEFT JOIN organisation ON organisation.organisation = coalesce(audit.employer, audit.organisation)
          WHERE audit.patient = of_patient AND audit.audit < before AND audit.actor IN ('staff', 'operator')
                AND audit.what <> 'record.refused'
          ORDER BY audit.audit DESC LIMIT at_most $$;

REVOKE ALL ON FUNCTION reads_audit(), audit_patients(uuid[]), audit_devices(uuid[]), find_to_audit(text, date),
    who_opened(uuid, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reads_audit(), audit_patients(uuid[]), audit_devices(uuid[]), find_to_audit(text, date) TO derwent_web;
GRANT EXECUTE ON FUNCTION who_opened(uuid, bigint, integer) TO derwent_ingest;
