-- A refused item is on record once for each reason, whichever of the patient's devices sent it: a queue rescued from a lost phone
-- is sent again from the new one. Only where the patient is not known does the device count.
DELETE FROM refusal AS later USING refusal AS earlier
WHERE later.client_id = earlier.client_id AND later.reason = earlier.reason
  AND coalesce(later.patient, later.device) IS NOT DISTINCT FROM coalesce(earlier.patient, earlier.device)
  AND (later.received_at, later.refusal) > (earlier.received_at, earlier.refusal);
DROP INDEX refusal_once;
CREATE UNIQUE INDEX refusal_once ON refusal (coalesce(patient, device), client_id, reason) NULLS NOT DISTINCT WHERE client_id IS NOT NULL;
