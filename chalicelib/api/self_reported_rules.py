"""How an account reads what customers say brought them: read, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.api import validators
from chalicelib.api.channel_rules import account_in
from chalicelib.api.recompute_days import asked_days, recompute
from chalicelib.api.requests import plain
from chalicelib.calls import self_reported_words
from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.registry import store
from chalicelib.registry.types import SelfReportedRule
from chalicelib.runtime.http import Request

MOST_RULES, MOST_PHRASES, LONGEST = 100, 100, 200


class Rule(Struct):
    """One reading as it is written."""

    channel: str
    phrases: list[str]


class NewRules(Struct):
    """Body of PUT …/answer-rules. `version`: the one they replace, to notice a change made meanwhile."""

    rules: list[Rule]
    version: int | None = None


def item(request: Request) -> Any:
    """GET: the readings of the key's account (the operator's: of `account_id`). PUT: replace them, and recount days."""
    account_id = account_in(request)
    if request.method == "GET":
        return shown(account_id)
    body, back = decode(request.body, NewRules), asked_days(request)
    return replace_rules(account_id, rules_in(body.rules), back, request.now, over=body.version)


def shown(account_id: str) -> dict[str, Any]:
    """Return the account's own readings, and the dictionary that is asked after them."""
    builtin = [
        {"channel": channel, "phrases": phrases}
        for channel, phrases in self_reported_words.default_dictionary().items()
    ]
    own = plain(store.self_reported_rules_of(account_id))
    return {"account_id": account_id, **own, "builtin": builtin, "channels": self_reported_words.SELF_REPORTED_CHANNELS}


def replace_rules(
    account_id: str, rules: Sequence[SelfReportedRule], back: int, now: datetime, *, over: int | None = None
) -> dict[str, Any]:
    """Store the readings and mark the last `back` days of the account's sites. Raises NotFound, Conflict."""
    store.put_self_reported_rules(account_id, rules, over=over)
    return shown(account_id) | {"recomputed": recompute(store.sites_of(account_id), back, now)}


def rules_in(given: Sequence[Rule]) -> tuple[SelfReportedRule, ...]:
    """Check readings as they were written. Raises BadInput naming the part, as `rules[3].phrases[0]`."""
    if len(given) > MOST_RULES:
        raise BadInput("rules", f"more than {MOST_RULES}")
    return tuple(_rule(each, f"rules[{place}]") for place, each in enumerate(given))


def _rule(given: Rule, field: str) -> SelfReportedRule:
    if not 1 <= len(given.phrases) <= MOST_PHRASES:
        raise BadInput(f"{field}.phrases", f"not 1 to {MOST_PHRASES} phrases")
    phrases = tuple(_phrase(text, f"{field}.phrases[{place}]") for place, text in enumerate(given.phrases))
    return SelfReportedRule(validators.self_reported_channel(given.channel, f"{field}.channel"), phrases)


def _phrase(text: str, field: str) -> str:
    if len(text) > LONGEST or not self_reported_words.pattern_of(text):
        raise BadInput(field, f"not words of 1 to {LONGEST} characters in all")
    return text.strip()
