"""`explain` and `verify`: where a figure comes from, and whether it still is what was published."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from typing import Any

from chalicelib.attribution.explanation import as_text
from chalicelib.attribution.models import model_of
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import show
from chalicelib.core import clock
from chalicelib.core.errors import BadInput

DAYS = 31  # that are verified where no period is given


def add(commands: Any) -> None:
    """Declare both commands."""
    explained = commands.add_parser(
        "explain",
        help="explain where a call comes from",
        description="Explains one call's chain in plain words: the carrier's webhooks, the lease, the arrivals, the "
        "source that gets it, the deals, the proof.",
    )
    explained.add_argument("call", metavar="CALL", help="call id, as the call list shows it")
    explained.add_argument("--site", required=True, metavar="ID", help="site id")
    explained.add_argument("--model", metavar="SPEC", help="attribution model (the site's)")
    explained.set_defaults(run=_explain, needs_stack=True)
    verified = commands.add_parser(
        "verify",
        help="check published figures against their evidence",
        description="Checks the chain of proofs, derives each day's figures from its evidence anew and shows the first "
        "difference. Ends with 1 where something differs.",
    )
    verified.add_argument("--site", required=True, metavar="ID", help="site id")
    verified.add_argument("--from", dest="first", metavar="DAY", help=f"first day, e.g. 2026-11-01 ({DAYS} days back)")
    verified.add_argument("--to", dest="last", metavar="DAY", help="last day (today)")
    verified.set_defaults(run=_verify, needs_stack=True)


def _explain(options: argparse.Namespace) -> bool:
    from chalicelib.reports.explain_call import explain

    model = model_of(options.model).spec if options.model else None
    print(as_text(explain(site_of(options.site), options.call, model, clock.utc_now())))
    return True


def _verify(options: argparse.Namespace) -> bool:
    """Whether nothing differs."""
    from chalicelib.reports.verify import verify

    site, now = site_of(options.site), clock.utc_now()
    last = _day(options.last, "--to") or site.day_of(now)
    first = _day(options.first, "--from") or last - timedelta(days=DAYS)
    if last < first:
        raise BadInput("--to", "is before --from")
    verdict = verify(site.site_id, first, last, now)
    show(
        {
            "days_checked": verdict.days,
            "chain_entries": verdict.entries,
            "chain_head": verdict.head,
            "days_waiting_to_be_closed": [day.isoformat() for day in verdict.waiting],
            "findings": list(verdict.findings),
        }
    )
    return not verdict.findings


def _day(text: str | None, argument: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(argument, "not a date like 2026-11-01") from None
