"""Fetches the contact list of an account. Standard library only.

    GATEWAY_KEY=gwk_... python3 examples/python/fetch_contacts.py wx_your_account

GATEWAY_URL is the gateway's address; default: http://127.0.0.1:8080.
"""

import json
import os
import sys
import urllib.error
import urllib.request

# Longer than the gateway's own deadlines (LIST_DEADLINE_MS plus LIST_CACHE_DEADLINE_MS), so that
# the gateway can always answer.
TIMEOUT_SECONDS = 15


def fetch(app_id):
    """Returns the response's headers and its parsed body. Raises HTTPError for a refusal."""
    url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
    request = urllib.request.Request(
        url + "/contacts/fetchContactsList",
        data=json.dumps({"appId": app_id}).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["GATEWAY_KEY"],
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        return response.headers, json.load(response)


def main(app_id):
    try:
        headers, answer = fetch(app_id)
    except urllib.error.HTTPError as error:
        return explain(error)

    if answer["ret"] != 200:
        # GEWE's own error, such as 微信已离线. The gateway passes it on unchanged.
        print(f"the upstream says: {answer['ret']} {answer.get('msg')}")
        return 1

    data = answer["data"]
    counts = ", ".join(f"{len(data[kind])} {kind}" for kind in ("friends", "chatrooms", "ghs"))
    # Only a saved list has an Age, in whole seconds.
    age = headers["Age"]
    source = "live" if age is None else f"saved {age} seconds ago"
    print(f"{counts} ({source})")
    print(f"Cache-Status: {headers['Cache-Status']}")
    return 0


def explain(error):
    """Prints a refusal: its code, its detail, and when to retry if waiting helps."""
    try:
        refusal = json.load(error)
    except ValueError:
        raise error from None
    print(f"refused: {refusal['code']}")
    print(refusal["detail"])
    if "retryAt" in refusal:
        print(f"try again at {refusal['retryAt']}")
    elif error.headers["Retry-After"] is not None:
        print(f"try again in {error.headers['Retry-After']} seconds")
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 2 or "GATEWAY_KEY" not in os.environ:
        sys.exit("Usage: GATEWAY_KEY=gwk_... python3 fetch_contacts.py APP_ID")
    sys.exit(main(sys.argv[1]))
