"""The environment of a function, read once and typed. Every setting is declared here with its meaning."""

from __future__ import annotations

import os
from functools import lru_cache

from msgspec import Struct, ValidationError, convert, structs


class NotConfigured(Exception):
    """A variable of the environment that every function needs is not set, or holds what it cannot; says which."""


class Settings(Struct, frozen=True, kw_only=True):
    """What the template gives each function. Names of tables, queues and the bucket come from CloudFormation."""

    stage: str = "dev"
    signing_key: bytes  # signs tokens; callers' keys derive from it; from the template's NoEcho parameter
    public_url: str = ""  # base URL that carriers and browsers use, stage included, no trailing slash
    directory_table: str  # accounts, sites, pools, numbers, campaigns, endpoints, API keys
    pools_table: str  # packed groups of leases
    visitors_table: str  # touches by visitor
    calls_table: str  # one item a call: its carrier events and its evidence
    subjects_table: str  # callers: whose a telephone number is, and the key their numbers are sealed under
    deals_table: str
    contacts_table: str  # what visitors did on pages besides calling: forms, chats, reveals, …
    spend_table: str
    days_table: str  # days whose facts must be rebuilt, and the census
    outbox_table: str  # one row per (call, destination): what was delivered
    bucket: str  # drops, facts, reports, spooled events
    attribute_queue: str  # URL: calls to attribute
    deliver_queue: str  # URL: calls to deliver
    kept_queue: str  # URL: carrier events spooled while storage failed
    recording_queue: str  # URL: recordings to fetch
    contact_queue: str  # URL: contacts that pages reported
    report_function: str = ""  # builds the reports the manage API orders; empty: they are built where they are ordered
    alert_sender: str = ""  # address that e-mails come from, verified in SES; empty: no e-mails
    telegram_url: str = "https://api.telegram.org"  # Telegram's Bot API; another one in tests
    link_seconds: int = 604_800  # lifetime of presigned links
    proof_lock_days: int = 0  # for which nobody can delete or change the proofs in the bucket; 0: it is not locked
    test_clock: bool = False  # “on”: take the time from X-Callpath-Time: simulations only, never in production
    test_fetch: bool = False  # “on”: fetch recordings over http and from private addresses: tests only
    test_seed: str = ""  # the seed of what is left to chance: simulations only; empty in production


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment on first use, never at import: at package time it is empty. Raises NotConfigured."""
    found: dict[str, object] = {}
    for field in structs.fields(Settings):
        text = os.environ.get(variable_of(field.name))
        if text is not None:
            found[field.name] = _value(text, field)
        elif field.required:
            raise NotConfigured(f"{variable_of(field.name)} is not set.")
    return Settings(**found)  # type: ignore[arg-type]


def variable_of(name: str) -> str:
    """Return the environment variable that holds a setting."""
    return f"CALLPATH_{name.upper()}"


def _value(text: str, field: structs.FieldInfo) -> object:
    if field.type is bytes:
        return text.encode()
    if field.type is bool:
        return text == "on"
    try:
        value: object = convert(text, field.type, strict=False)
    except ValidationError:
        raise NotConfigured(f"{variable_of(field.name)} is not a number: {text!r}.") from None
    return value.rstrip("/") if isinstance(value, str) and field.name.endswith("_url") else value
