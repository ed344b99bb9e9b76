"""What an account says of its traffic, in storage: its channel rules and its reading of answers, each one item that is
replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.core.errors import Conflict, NotFound, StorageUnavailable
from chalicelib.registry import directory_table, keys
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.types import AnswerRule, AnswerRules, ChannelRule, ChannelRules

R = TypeVar("R", ChannelRules, AnswerRules)


def rules_of(account_id: str) -> ChannelRules:
    """The rules as they stand; version 0 where none were ever written."""
    return directory_table.read(keys.account_pk(account_id), keys.RULES, ChannelRules) or ChannelRules()


def answers_of(account_id: str) -> AnswerRules:
    """The reading of answers as it stands; version 0 where none was ever written."""
    return directory_table.read(keys.account_pk(account_id), keys.ANSWERS, AnswerRules) or AnswerRules()


def put_rules(account_id: str, rules: Sequence[ChannelRule], *, over: int | None = None) -> ChannelRules:
    """Replace the rules; `over` is the version they must replace, None whatever stands.

    Raises NotFound for the account, Conflict where somebody changed the rules meanwhile.
    """
    for _ in range(directory_table.TRIES):
        stands = rules_of(account_id)
        new = replace(stands, rules=tuple(rules), version=_next(stands, over))
        if _written(account_id, keys.RULES, stands, new):
            return new
    raise StorageUnavailable("The rules are being changed. Try again.")


def put_answers(account_id: str, rules: Sequence[AnswerRule], *, over: int | None = None) -> AnswerRules:
    """Replace the reading of answers, as `put_rules` does the rules."""
    for _ in range(directory_table.TRIES):
        stands = answers_of(account_id)
        new = replace(stands, rules=tuple(rules), version=_next(stands, over))
        if _written(account_id, keys.ANSWERS, stands, new):
            return new
    raise StorageUnavailable("The rules are being changed. Try again.")


def _next(stands: ChannelRules | AnswerRules, over: int | None) -> int:
    if over not in (None, stands.version):
        raise Conflict("The rules were changed meanwhile: read them again.", field="version")
    return stands.version + 1


def _written(account_id: str, sk: str, stands: R, new: R) -> bool:
    pk = keys.account_pk(account_id)
    same = Entry.doc == keys.encode(stands) if stands.version else Entry.pk.does_not_exist()

    def fill(transaction: Transaction) -> None:
        transaction.condition_check(directory_table.entries(), keys.ACCOUNTS, account_id, condition=Entry.pk.exists())
        transaction.save(directory_table.entry(pk, sk, new), condition=same)

    failed = directory_table.commit(fill)
    if 0 in failed:
        raise NotFound("No such account.")
    return not failed
