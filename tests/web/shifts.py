# Reads a calendar with a parser that we did not write; prints each shift: from, until, what.
import sys

from icalendar import Calendar

calendar = Calendar.from_ical(sys.stdin.buffer.read())
assert calendar.get("version") == "2.0" and calendar.get("prodid")
assert not calendar.errors, calendar.errors
seen = set()
for event in calendar.walk("VEVENT"):
    assert not event.errors, event.errors
    assert event.get("dtstamp") and event.get("uid") not in seen
    seen.add(event.get("uid"))
    start, end = event.decoded("dtstart"), event.decoded("dtend")
    assert start < end and start.utcoffset().total_seconds() == 0
    print(start.isoformat(), end.isoformat(), event.get("summary"), sep="|")
