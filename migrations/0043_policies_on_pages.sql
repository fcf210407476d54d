-- Those who look after a team's roster set its escalation policy on the roster page.
CREATE POLICY changed ON policy TO derwent_web
    USING (EXISTS (SELECT FROM team WHERE team.team = policy.team)) WITH CHECK (EXISTS (SELECT FROM team WHERE team.team = policy.team));
GRANT INSERT, UPDATE, DELETE ON policy TO derwent_web;
