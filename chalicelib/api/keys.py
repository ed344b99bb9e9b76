"""API keys. A key's secret is shown once, when it is made; what is stored cannot be turned back into it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.api.auth import account_of, key_of
from chalicelib.api.requests import Name, plain
from chalicelib.core.json_body import decode
from chalicelib.registry import store
from chalicelib.registry.types import ApiKey
from chalicelib.runtime.http import Answer, Request


class NewKey(Struct):
    """Body of POST /v1/manage/keys. Without `account_id` the key is for the asking key's own account."""

    label: Name
    account_id: str | None = None


def collection(request: Request) -> Any:
    """GET: the keys of an account (argument `account_id`; else of who asks). POST: make one (201)."""
    key = key_of(request)
    if request.method == "POST":
        return _make(request, key)
    keys = store.keys_of(account_of(key, request.argument("account_id")))
    return {"keys": [_shown(each) for each in keys]}


def revoke(request: Request, key_id: str) -> Answer:
    """DELETE: the key stops working at once (204). The operator names the key's account by `account_id`."""
    key = key_of(request)
    store.revoke_key(account_of(key, request.argument("account_id")), key_id)
    return Answer("", 204)


def _make(request: Request, key: ApiKey) -> Answer:
    body = decode(request.body, NewKey)
    made, secret = store.create_key(account_of(key, body.account_id), body.label, request.now)
    return Answer(_shown(made) | {"key": secret}, 201)


def _shown(key: ApiKey) -> dict[str, Any]:
    shown: dict[str, Any] = plain(key)
    del shown["fingerprint"]
    return shown
