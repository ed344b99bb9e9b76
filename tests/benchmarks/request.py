"""The number request through the deployed handler: what API Gateway sends in, what it is answered, warm."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib.core import clock
from chalicelib.pool.lending.provision_numbers import import_numbers
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Account, Pool, Site
from tests.pool.shop import BROWSER, NOW

PAGE = "https://shop.example/?utm_source=yandex&utm_medium=cpc&utm_campaign=brand"
HOLD = 300
USE = 0.5  # of the numbers, at any moment
PATH = "/v1/sites/{site_key}/number"


class NewVisitors:
    """One new visitor after another at a site whose pool they keep half in use. The clock is the request's header."""

    def __init__(self, name: str, numbers: int) -> None:
        self.name, self.numbers, self.asked = name, numbers, 0
        store.create_account(Account(f"acc-{name}", "Shop Ltd", NOW))
        store.create_site(
            Site(name, f"acc-{name}", f"key-{name}", "Shop", ("https://shop.example",), "Europe/Moscow", "RUB", "RU")
        )
        store.create_pool(Pool(f"pool-{name}", name, "All", "+74950000000", "+74951110000", hold_seconds=HOLD))
        rows = [(line, {"number": f"+7495{line:07d}", "pool_id": f"pool-{name}"}) for line in range(1, numbers + 1)]
        import_numbers(name, rows, NOW)
        snapshot.forget()

    def ask(self) -> None:
        """Open a first page: its arrival is stored and a number is lent to it."""
        import app

        self.asked += 1
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):  # the task's log line
            answer = app.app(self._event(), None)
        if answer["statusCode"] != 200 or json.loads(answer["body"])["kind"] != "dynamic":
            raise AssertionError(f"no number was lent: {answer['body']}")

    def _event(self) -> dict[str, Any]:
        now = NOW + timedelta(seconds=self.asked * HOLD / (USE * self.numbers))
        headers = {
            "Content-Type": "text/plain",
            "Origin": "https://shop.example",
            "User-Agent": BROWSER,
            clock.HEADER: clock.iso(now),
        }
        return {
            "resource": PATH,
            "path": PATH.format(site_key=f"key-{self.name}"),
            "httpMethod": "POST",
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": {"site_key": f"key-{self.name}"},
            "stageVariables": None,
            "requestContext": {
                "resourcePath": PATH,
                "httpMethod": "POST",
                "path": PATH.format(site_key=f"key-{self.name}"),
                "identity": {"sourceIp": f"198.18.{self.asked // 250 % 250}.{self.asked % 250}"},
            },
            "body": json.dumps({"url": PAGE, "referrer": "https://yandex.ru/"}),
            "isBase64Encoded": False,
        }
