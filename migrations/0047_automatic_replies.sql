-- Answers to pages that programs wrote take nothing. That they came is noted, because whoever was paged may be away.
ALTER TABLE reply ADD COLUMN automatic boolean NOT NULL DEFAULT false;

CREATE POLICY counted ON reply FOR SELECT TO derwent_monitor USING (true);
GRANT SELECT (at, automatic) ON reply TO derwent_monitor;
