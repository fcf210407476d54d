"""A real mail server for the tests (aiosmtpd), which behaves as the recipient's name asks it to.

ida@…            accepts
refused@…        550, for good
later-N@…        451 the first N times, then accepts
black-hole@…     never answers
stalls@…         takes the mail and never says so
broken@…         554 to the whole mail
drips@…          answers one letter every two seconds
lonely@…         accepts, and never says anything over that connection again

With `--starttls CERT KEY` it wants STARTTLS, with `--tls CERT KEY` it speaks TLS from the first byte, with `--login NAME PASSWORD` it
lets nobody else send, with `--port N` it listens there. Prints its port on the first line, then each mail it accepted as one JSON line.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys
from collections import Counter

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

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
        if name == "drips":
            for letter in "250-a long story\r\n" * 200:
                server.transport.write(letter.encode())
                await asyncio.sleep(2)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        name = envelope.rcpt_tos[0].split("@")[0]
        if name == "broken":
            return "554 5.6.0 no"
        part = lambda kind: (found := message.get_body((kind,))) and found.get_content()
        print(
            json.dumps(
                {
                    "to": envelope.rcpt_tos[0],
                    "message_id": message["Message-ID"],
                    "subject": message["Subject"],
                    "body": part("plain"),
                    "html": part("html") or "",
                    "raw": envelope.content.decode(),
                    "tls": session.ssl is not None or bool(options.tls),
                    "login": session.auth_data.login.decode() if session.authenticated else None,
                    "connection": session.peer[1],
                }
            ),
            flush=True,
        )
        if name == "stalls":
            await asyncio.sleep(3600)
        session.lonely = name == "lonely"
        return "250 OK"

    async def handle_NOOP(self, server, session, envelope, arg):
        if getattr(session, "lonely", False):
            await asyncio.sleep(3600)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, auth_data):
    right = isinstance(auth_data, LoginPassword) and [auth_data.login.decode(), auth_data.password.decode()] == options.login
    return AuthResult(success=right, handled=False, auth_data=auth_data)


def context(pair):
    if not pair:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(*pair)
    return made


async def main():
    def session():
        return SMTP(
            Handler(),
            tls_context=context(options.starttls),
            require_starttls=bool(options.starttls),
            authenticator=authenticate if options.login else None,
            auth_required=bool(options.login),
            auth_require_tls=not options.tls,
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", options.port, ssl=context(options.tls))
    print(server.sockets[0].getsockname()[1], flush=True)
    # The parent is gone when its end of the pipe is closed.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--starttls", nargs=2)
parser.add_argument("--tls", nargs=2)
parser.add_argument("--login", nargs=2)
options = parser.parse_args()
asyncio.run(main())
