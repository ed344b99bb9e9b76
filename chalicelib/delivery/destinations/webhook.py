"""A signed JSON webhook of the account's own: options `url` (http or https) and `secret`."""

from __future__ import annotations

from urllib.parse import urlsplit

import urllib3

from chalicelib.delivery.destinations import Delivery, DeliveryFailed
from chalicelib.runtime import http, webhook_signature

TIMEOUT = urllib3.Timeout(connect=5, read=5)  # seconds
_pool = urllib3.PoolManager(num_pools=4, retries=False)


def send(delivery: Delivery, options: dict[str, str]) -> None:
    """POST the payload, signed as our generic carriers sign theirs. Raises DeliveryFailed unless the answer is 2xx."""
    url = options.get("url", "")
    if urlsplit(url).scheme not in ("http", "https"):
        raise DeliveryFailed("The destination's URL is not http or https.")
    body = http.to_json(delivery.payload).encode()
    timestamp = str(int(delivery.now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Calltrack-Timestamp": timestamp,
        "X-Calltrack-Signature": webhook_signature.sign(options.get("secret", ""), timestamp, body),
        "X-Calltrack-Delivery": delivery.delivery_id,
    }
    try:
        answer = _pool.request("POST", url, body=body, headers=headers, timeout=TIMEOUT, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise DeliveryFailed(f"The destination did not answer: {type(error).__name__}.") from None
    if not 200 <= answer.status < 300:
        raise DeliveryFailed(f"The destination answered {answer.status}.")
