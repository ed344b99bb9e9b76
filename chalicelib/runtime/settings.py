"""The environment of a function, read once and typed. Every setting is declared here with its meaning."""

from __future__ import annotations

import os
from functools import lru_cache

from msgspec import Struct


class Settings(Struct, frozen=True):
    """What the template gives each function. Names of tables, queues and the bucket come from CloudFormation."""

    stage: str
    signing_key: (
        bytes  # signs lease and endpoint tokens; callers' keys derive from it; from the template's NoEcho parameter
    )
    public_url: str  # base URL that carriers and browsers use, stage included, no trailing slash
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
    report_function: str  # builds the reports the manage API orders; empty: they are built where they are ordered
    alert_sender: str  # address that e-mails come from, verified in SES; empty: no e-mails
    telegram_url: str  # Telegram's Bot API; another one in tests
    link_seconds: int  # lifetime of presigned links
    proof_lock_days: int  # for which nobody can delete or change the proofs in the bucket; 0: it is not locked
    test_clock: bool  # take the time from X-Callpath-Time: simulations only, never in production
    test_fetch: bool  # fetch recordings over http and from private addresses: tests only, never in production
    test_seed: str  # the seed of what is left to chance: simulations only; empty in production


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment on first use, never at import: at package time it is empty."""
    env = os.environ
    return Settings(
        stage=env.get("CALLPATH_STAGE", "dev"),
        signing_key=env["CALLPATH_SIGNING_KEY"].encode(),
        public_url=env.get("CALLPATH_PUBLIC_URL", "").rstrip("/"),
        directory_table=env.get("CALLPATH_DIRECTORY_TABLE", ""),
        pools_table=env.get("CALLPATH_POOLS_TABLE", ""),
        visitors_table=env.get("CALLPATH_VISITORS_TABLE", ""),
        calls_table=env.get("CALLPATH_CALLS_TABLE", ""),
        subjects_table=env.get("CALLPATH_SUBJECTS_TABLE", ""),
        deals_table=env.get("CALLPATH_DEALS_TABLE", ""),
        contacts_table=env.get("CALLPATH_CONTACTS_TABLE", ""),
        spend_table=env.get("CALLPATH_SPEND_TABLE", ""),
        days_table=env.get("CALLPATH_DAYS_TABLE", ""),
        outbox_table=env.get("CALLPATH_OUTBOX_TABLE", ""),
        bucket=env.get("CALLPATH_BUCKET", ""),
        attribute_queue=env.get("CALLPATH_ATTRIBUTE_QUEUE", ""),
        deliver_queue=env.get("CALLPATH_DELIVER_QUEUE", ""),
        kept_queue=env.get("CALLPATH_KEPT_QUEUE", ""),
        recording_queue=env.get("CALLPATH_RECORDING_QUEUE", ""),
        contact_queue=env.get("CALLPATH_CONTACT_QUEUE", ""),
        report_function=env.get("CALLPATH_REPORT_FUNCTION", ""),
        alert_sender=env.get("CALLPATH_ALERT_SENDER", ""),
        telegram_url=env.get("CALLPATH_TELEGRAM_URL", "https://api.telegram.org").rstrip("/"),
        link_seconds=int(env.get("CALLPATH_LINK_SECONDS", "604800")),
        proof_lock_days=int(env.get("CALLPATH_PROOF_LOCK_DAYS", "0")),
        test_clock=env.get("CALLPATH_TEST_CLOCK", "off") == "on",
        test_fetch=env.get("CALLPATH_TEST_FETCH", "off") == "on",
        test_seed=env.get("CALLPATH_TEST_SEED", ""),
    )
