"""Runs Autobahn's cases (by kosoku) without compression against a WebSocket echo, and prints one JSON line a case.

autobahn.py URL CASE… — each CASE an id or a glob, with "-" before it to leave it out. What failed is a case like the others here.
"""

import asyncio
import json
import os
import sys

from kosoku import FailureError, run_fuzzingclient

# More would measure this machine: some cases wait for an echo within seconds.
AT_ONCE = 8


async def main(url: str, cases: list[str]) -> None:
    take = [case for case in cases if not case.startswith("-")]
    leave = [case[1:] for case in cases if case.startswith("-")]
    try:
        results = await run_fuzzingclient(url, take, leave, concurrency=AT_ONCE)
        failed = []
    except FailureError as failure:
        results, failed = [], failure.results
    for result in [*results, *failed]:
        said = {
            "case": result.case_id,
            "behavior": result.behavior.value,
            "close": result.behavior_close.value,
            "failed": result in failed,
            "result": result.result,
            "took_ms": result.duration,
        }
        print(json.dumps(said))


asyncio.run(main(sys.argv[1], sys.argv[2:]))
sys.stdout.flush()
# Now and then kosoku's own threads abort the interpreter while it takes itself apart; all is said by then.
os._exit(0)
