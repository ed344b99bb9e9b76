"""An account's channel rules in storage: one item, replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.errors import Conflict, NotFound, StorageUnavailable
from chalicelib.registry import layout, table
from chalicelib.registry.table import Entry, Transaction
from chalicelib.registry.types import ChannelRule, ChannelRules


def rules_of(account_id: str) -> ChannelRules:
    """The rules as they stand; version 0 where none were ever written."""
    return table.read(layout.account_pk(account_id), layout.RULES, ChannelRules) or ChannelRules()


def put_rules(account_id: str, rules: Sequence[ChannelRule], *, over: int | None = None) -> ChannelRules:
    """Replace the rules; `over` is the version they must replace, None whatever stands.

    Raises NotFound for the account, Conflict where somebody changed the rules meanwhile.
    """
    for _ in range(table.TRIES):
        stands = rules_of(account_id)
        if over not in (None, stands.version):
            raise Conflict("The rules were changed meanwhile: read them again.", field="version")
        new = replace(stands, rules=tuple(rules), version=stands.version + 1)
        if _written(account_id, stands, new):
            return new
    raise StorageUnavailable("The rules are being changed. Try again.")


def _written(account_id: str, stands: ChannelRules, new: ChannelRules) -> bool:
    pk = layout.account_pk(account_id)
    same = Entry.doc == layout.encode(stands) if stands.version else Entry.pk.does_not_exist()

    def fill(transaction: Transaction) -> None:
        transaction.condition_check(table.entries(), layout.ACCOUNTS, account_id, condition=Entry.pk.exists())
        transaction.save(table.entry(pk, layout.RULES, new), condition=same)

    failed = table.commit(fill)
    if 0 in failed:
        raise NotFound("No such account.")
    return not failed
