"""A real mail server for the tests (aiosmtpd), which behaves as the recipient's name asks it to.

ida@…            accepts
refused@…        550, for good
later-N@…        451 the first N times, then accepts
black-hole@…     never answers

Prints its port on the first line, then each mail it accepted as one JSON line.
"""

import asyncio
import email
import json
import sys
from collections import Counter

from aiosmtpd.smtp import SMTP

tries = Counter()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        tries[name] += 1
        if name == "refused":
            return "550 5.1.1 no such person here"
        if name.startswith("later-") and tries[name] <= int(name.removeprefix("later-")):
            return "451 4.7.1 come back later"
        if name == "black-hole":
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content)
        print(
            json.dumps(
                {
                    "to": envelope.rcpt_tos[0],
                    "message_id": message["Message-ID"],
                    "subject": message["Subject"],
                    "body": message.get_payload(decode=True).decode(),
                    "raw": envelope.content.decode(),
                }
            ),
            flush=True,
        )
        return "250 OK"


async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The parent is gone when its end of the pipe is closed.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
