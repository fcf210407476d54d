"""What others wrote, for one question each.

notify URL API_KEY TEMPLATE NUMBER REFERENCE TEXT   GOV.UK Notify's own client sends a text message; prints the answer
webhook SECRET                                      Standard Webhooks' own library verifies a delivery: a JSON object {headers, body} on stdin
browser                                             keys of a browser: a JSON object {private, p256dh, auth}
notification                                        a notification is verified by py-vapid and opened by http-ece: {authorization, body (base64),
                                                    private} on stdin; prints {message, claims}
"""

import base64
import json
import sys

match sys.argv[1:]:
    case ["notify", url, api_key, template, number, reference, text]:
        from notifications_python_client.notifications import NotificationsAPIClient

        client = NotificationsAPIClient(api_key, base_url=url)
        print(json.dumps(client.send_sms_notification(number, template, {"text": text}, reference)))
    case ["webhook", secret]:
        from standardwebhooks import webhooks

        delivery = json.load(sys.stdin)
        print(json.dumps(webhooks.Webhook(secret).verify(delivery["body"], delivery["headers"])))
    case ["browser"]:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        url_safe = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        print(json.dumps({"private": pem.decode(), "p256dh": url_safe(point), "auth": url_safe(b"sixteen bytes ok")}))
    case ["notification"]:
        import http_ece
        from cryptography.hazmat.primitives import serialization
        from py_vapid import Vapid02

        given = json.load(sys.stdin)
        if not Vapid02.verify(given["authorization"]):
            sys.exit("the signature is not that of the key beside it")
        key = serialization.load_pem_private_key(given["private"].encode(), None)
        body = base64.b64decode(given["body"])
        message = http_ece.decrypt(body, private_key=key, auth_secret=b"sixteen bytes ok", version="aes128gcm")
        claims = given["authorization"].split("t=")[1].split(",")[0].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
        print(json.dumps({"message": json.loads(message), "claims": claims}))
    case _:
        sys.exit(__doc__)
