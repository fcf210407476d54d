"""Enrols, then signs what schemathesis sends as a phone would: a fresh nonce and a proof over exactly this request."""

import hashlib
import os
import sys
from datetime import datetime
from pathlib import Path

import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, str(Path(__file__).parent))
from client import base64url, enrol, sign

ORIGIN = os.environ["ORIGIN"]
KEY = ec.generate_private_key(ec.SECP256R1())
DEVICE = enrol(ORIGIN, os.environ["CODE"], os.environ["BORN"], KEY)["device_id"]


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.operation.definition.raw.get("security"):
        return
    request = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
    body = request.body or b""
    challenge = requests.post(f"{ORIGIN}/mobile/v1/challenge", timeout=10).json()
    claims = {
        "iss": DEVICE,
        "aud": ORIGIN,
        "nonce": challenge["nonce"],
        "iat": int(datetime.fromisoformat(challenge["server_time"].replace("Z", "+00:00")).timestamp()),
        "htm": request.method,
        "htu": request.path_url,
        "body_sha256": base64url(hashlib.sha256(body if isinstance(body, bytes) else body.encode()).digest()),
    }
    case.headers["Derwent-Proof"] = sign(KEY, claims)
