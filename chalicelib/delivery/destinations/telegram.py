"""A Telegram message from a bot of the account's own: options `token`, `chat_id`, `language`.

The token is in the URL of every request, so neither a URL nor an error's own text may leave this module.
"""

from __future__ import annotations

import json

import urllib3

from chalicelib.delivery.alerts import message
from chalicelib.delivery.destinations import Delivery, DeliveryFailed
from chalicelib.runtime import http
from chalicelib.runtime.settings import settings

LANGUAGE = "en"  # where the options name none
TIMEOUT = urllib3.Timeout(connect=5, read=5)  # seconds
MEANINGS = {
    400: "no such chat, or a message it does not take",
    401: "the token is no bot's",
    403: "the bot may not write there",
    404: "the token is no bot's",
    429: "too many messages",
}
_pool = urllib3.PoolManager(num_pools=2, retries=False)


def send(delivery: Delivery, options: dict[str, str]) -> None:
    """Send the alert to the chat. Raises DeliveryFailed unless Telegram took it, with the wait it asks for."""
    body = {
        "chat_id": options.get("chat_id", ""),
        "text": message(delivery.alert, options.get("language", LANGUAGE)).telegram,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    url = f"{settings().telegram_url}/bot{options.get('token', '')}/sendMessage"
    headers = {"Content-Type": "application/json"}
    try:
        answer = _pool.request(
            "POST", url, body=http.to_json(body).encode(), headers=headers, timeout=TIMEOUT, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise DeliveryFailed(f"Telegram did not answer: {type(error).__name__}.") from None
    if answer.status != 200:
        meaning = MEANINGS.get(answer.status, "not a success")
        raise DeliveryFailed(f"Telegram answered {answer.status}: {meaning}.", retry_after=_retry_after(answer.data))


def _retry_after(body: bytes) -> int:
    """Return the seconds to wait by `parameters.retry_after`; 0 where there is none."""
    try:
        seconds = json.loads(body)["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError):
        return 0
    return seconds if isinstance(seconds, int) and seconds > 0 else 0
