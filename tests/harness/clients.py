"""What others wrote, for one question each.

notify URL API_KEY TEMPLATE NUMBER REFERENCE TEXT   GOV.UK Notify's own client sends a text message; prints the answer
webhook SECRET                                      Standard Webhooks' own library verifies a delivery: a JSON object {headers, body} on stdin
"""

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
    case _:
        sys.exit(__doc__)
