"""Which call a deal of a plain file belongs to, by the service's own rule. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from chalicelib.calls.evidence import AttributedCall
from chalicelib.calls.types import Call
from chalicelib.deals.join_rules import call_of_caller
from chalicelib.reports.plain.deals import DealRow


class CallsByCaller:
    """The calls of the files, to be found by id or by caller and time."""

    def __init__(self, calls: Iterable[AttributedCall]) -> None:
        self._by_id: dict[str, AttributedCall] = {}
        self._by_caller: dict[str, list[Call]] = defaultdict(list)
        for attributed in sorted(calls, key=lambda one: one.call.started_at):
            self._by_id[attributed.call.call_id] = attributed
            if attributed.call.caller_key:
                self._by_caller[attributed.call.caller_key].append(attributed.call)

    def of_deal(self, deal: DealRow) -> tuple[AttributedCall | None, str | None]:
        """Return the deal's call and the tie: its id, else its caller. Without a time it is the caller's last call."""
        if deal.call_id in self._by_id:
            return self._by_id[deal.call_id], "call_id"
        calls = self._by_caller.get(deal.caller_key or "", [])
        if not calls:
            return None, None
        found = call_of_caller(calls, deal.outcome_at) if deal.outcome_at else calls[-1]
        return (self._by_id[found.call_id], "phone") if found else (None, None)

    def first_call(self, caller_key: str) -> datetime | None:
        """When this caller first called."""
        calls = self._by_caller.get(caller_key)
        return calls[0].started_at if calls else None
