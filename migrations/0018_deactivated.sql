-- Whoever was deactivated is paged no more and sees nobody, even where something still asks on their behalf.
GRANT SELECT (deactivated_at) ON staff TO derwent_ingest, derwent_monitor;

CREATE OR REPLACE FUNCTION seen_teams() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT coalesce(array_agg(own.team), '{}')
          FROM (SELECT team_member.team FROM team_member WHERE team_member.staff = acting_staff()
                UNION SELECT roster.team FROM roster WHERE roster.staff = acting_staff()) AS own
          WHERE EXISTS (SELECT FROM staff WHERE staff.staff = acting_staff() AND staff.role <> 'auditor'
                                                AND staff.deactivated_at IS NULL) $$;
