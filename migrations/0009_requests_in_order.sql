-- Pages are formed from requests in their order, some hundreds at a time. When tens of thousands wait, neither taking the next
-- of them nor finding a high one among them may look at all.
DROP INDEX page_request_waiting;
CREATE INDEX page_request_waiting ON page_request (at, page_request) WHERE NOT formed;
CREATE INDEX page_request_waiting_high ON page_request (at, page_request) WHERE NOT formed AND priority = 'high';
