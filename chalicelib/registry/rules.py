"""An account's rules in storage: channel rules and answer rules, each one item that is replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.core.errors import Conflict, NotFound, StorageUnavailable
from chalicelib.registry import directory_table, keys
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.types import ChannelRule, ChannelRules, SelfReportedRule, SelfReportedRules

R = TypeVar("R", ChannelRules, SelfReportedRules)


def rules_of(account_id: str) -> ChannelRules:
    """Return the current channel rules; version 0 where none were ever written."""
    return directory_table.read(keys.account_pk(account_id), keys.RULES, ChannelRules) or ChannelRules()


def self_reported_rules_of(account_id: str) -> SelfReportedRules:
    """Return the current answer rules; version 0 where none were ever written."""
    return (
        directory_table.read(keys.account_pk(account_id), keys.SELF_REPORTED_RULES, SelfReportedRules)
        or SelfReportedRules()
    )


def put_rules(account_id: str, rules: Sequence[ChannelRule], *, over: int | None = None) -> ChannelRules:
    """Replace the channel rules; `over` is the version they must replace, None: any.

    Raises NotFound for the account, Conflict where somebody changed the rules meanwhile.
    """
    for _ in range(directory_table.TRIES):
        current = rules_of(account_id)
        new = replace(current, rules=tuple(rules), version=_next(current, over))
        if _written(account_id, keys.RULES, current, new):
            return new
    raise StorageUnavailable("The rules are being changed. Try again.")


def put_self_reported_rules(
    account_id: str, rules: Sequence[SelfReportedRule], *, over: int | None = None
) -> SelfReportedRules:
    """Replace the answer rules, as `put_rules` does the channel rules."""
    for _ in range(directory_table.TRIES):
        current = self_reported_rules_of(account_id)
        new = replace(current, rules=tuple(rules), version=_next(current, over))
        if _written(account_id, keys.SELF_REPORTED_RULES, current, new):
            return new
    raise StorageUnavailable("The rules are being changed. Try again.")


def _next(current: ChannelRules | SelfReportedRules, over: int | None) -> int:
    if over not in (None, current.version):
        raise Conflict("The rules were changed meanwhile: read them again.", field="version")
    return current.version + 1


def _written(account_id: str, sk: str, current: R, new: R) -> bool:
    pk = keys.account_pk(account_id)
    same = Entry.doc == keys.encode(current) if current.version else Entry.pk.does_not_exist()

    def fill(transaction: Transaction) -> None:
        transaction.condition_check(directory_table.entries(), keys.ACCOUNTS, account_id, condition=Entry.pk.exists())
        transaction.save(directory_table.entry(pk, sk, new), condition=same)

    failed = directory_table.commit(fill)
    if 0 in failed:
        raise NotFound("No such account.")
    return not failed
