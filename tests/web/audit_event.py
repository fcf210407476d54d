# Reads a FHIR R4 Bundle, or AuditEvents one a line, with models that we did not write; prints how many events there were.
import json
import sys

from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

text = sys.stdin.read()
if sys.argv[1] == "bundle":
    bundle = Bundle.model_validate_json(text)
    events = [entry.resource for entry in bundle.entry or []]
    assert all(isinstance(event, AuditEvent) for event in events)
else:
    events = [AuditEvent.model_validate_json(line) for line in text.splitlines()]
# Nothing of what was said was passed over.
said = [entry["resource"] for entry in json.loads(text).get("entry", [])] if sys.argv[1] == "bundle" else [json.loads(line) for line in text.splitlines()]
assert [json.loads(event.model_dump_json()) | {"recorded": None} for event in events] == [event | {"recorded": None} for event in said]
print(len(events))
