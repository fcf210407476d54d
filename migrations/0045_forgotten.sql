-- Of paging, what belongs to no alert is forgotten by itself: codes, test pages, answers to answers (`src/notify/forget.rs`).
CREATE INDEX page_of_no_alert ON page (made_at) WHERE alerts = '{}';

CREATE POLICY forgotten ON reply TO derwent_eraser USING (true);
GRANT SELECT, DELETE ON reply TO derwent_eraser;
-- Until now each deleted what was old of its own, when the next came.
REVOKE DELETE ON reply, contact_code FROM derwent_web;
