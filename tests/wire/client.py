"""A phone written only from mobile-api/README.md: enrols, submits, waits for `stored` and `checked`.

Usage: client.py ORIGIN CODE DATE_OF_BIRTH SYSTOLIC DIASTOLIC
Prints one JSON object with what it heard.
"""

import asyncio
import base64
import json
import sys
import time
import urllib.request
import uuid
from datetime import datetime, timezone

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from websockets.asyncio.client import connect


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict:
    point = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(point.x.to_bytes(32, "big")),
        "y": base64url(point.y.to_bytes(32, "big")),
    }


def sign(key: ec.EllipticCurvePrivateKey, claims: dict) -> str:
    header = {"alg": "ES256", "typ": "derwent-proof+jwt"}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return text + "." + base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def enrol(origin: str, code: str, born: str, key: ec.EllipticCurvePrivateKey) -> dict:
    body = {
        "code": code,
        "date_of_birth": born,
        "device": {"name": "python", "platform": "python", "app_version": "1"},
        "public_key": public_jwk(key),
    }
    request = urllib.request.Request(
        origin + "/mobile/v1/enrol", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201, answer.status
        return json.load(answer)


async def converse(origin: str, device: str, key: ec.EllipticCurvePrivateKey, systolic: float, diastolic: float) -> dict:
    heard = {"types": []}
    address = origin.replace("http", "ws", 1) + "/mobile/v1/socket"
    async with connect(address, subprotocols=["derwent.mobile.v1"]) as socket:
        challenge = json.loads(await socket.recv())
        assert challenge["type"] == "challenge", challenge
        server_time = datetime.fromisoformat(challenge["server_time"].replace("Z", "+00:00"))
        claims = {"iss": device, "aud": origin, "nonce": challenge["nonce"], "iat": int(server_time.timestamp())}
        hello = {
            "type": "hello",
            "device_id": device,
            "app_version": "1",
            "phone_time": now(),
            "resume": {"push": 0},
            "proof": sign(key, claims),
        }
        await socket.send(json.dumps(hello))
        welcome = json.loads(await socket.recv())
        assert welcome["type"] == "welcome", welcome
        heard["given_name"] = welcome["people"][0]["given_name"]

        item = {
            "id": str(uuid.uuid4()),
            "for": welcome["people"][0]["for"],
            "kind": "reading",
            "taken_at": now(),
            "vital": "blood_pressure",
            "values": {
                "systolic": {"value": systolic, "unit": "mm[Hg]"},
                "diastolic": {"value": diastolic, "unit": "mm[Hg]"},
            },
            "method": "manual",
        }
        await socket.send(json.dumps({"type": "submit", "batch": 1, "items": [item]}))
        started = time.monotonic()
        while "seq" not in heard or heard.get("checked", 0) < heard["seq"]:
            message = json.loads(await asyncio.wait_for(socket.recv(), 20))
            heard["types"].append(message["type"])
            if message["type"] == "receipt":
                [decision] = message["items"]
                assert decision["id"] == item["id"], decision
                heard["state"], heard["seq"] = decision["state"], decision["seq"]
            elif message["type"] == "checked":
                heard["checked"] = message["through"]
        heard["seconds"] = round(time.monotonic() - started, 3)
    return heard


def main() -> None:
    origin, code, born, systolic, diastolic = sys.argv[1:]
    key = ec.generate_private_key(ec.SECP256R1())
    enrolled = enrol(origin, code, born, key)
    heard = asyncio.run(converse(origin, enrolled["device_id"], key, float(systolic), float(diastolic)))
    print(json.dumps(heard))


if __name__ == "__main__":
    main()
