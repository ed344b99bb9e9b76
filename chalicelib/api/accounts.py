"""Accounts: the operator opens them, an account's key sees its own."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.api.auth import key_of, operator_of
from chalicelib.api.requests import Name, plain
from chalicelib.core import tokens
from chalicelib.core.json_body import decode
from chalicelib.registry import store
from chalicelib.registry.types import Account
from chalicelib.runtime.http import Answer, Request


class NewAccount(Struct):
    """Body of POST /v1/manage/accounts."""

    name: Name


def collection(request: Request) -> Any:
    """GET: the accounts the key may see. POST: open one (201)."""
    if request.method == "POST":
        operator_of(request)
        return Answer(plain(_open(request)), 201)
    key = key_of(request)
    seen = store.accounts() if key.account_id is None else (store.account(key.account_id),)
    return {"accounts": [plain(account) for account in seen if account is not None]}


def _open(request: Request) -> Account:
    body = decode(request.body, NewAccount)
    return store.create_account(Account(tokens.random_id("acc"), body.name, request.now))
