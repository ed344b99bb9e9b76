"""The report on plain files, without AWS: calls, deals and spend in, `report.xlsx/.csv/.json/.html` out.

The rows go the way of the service's own: credit by the model, facts, the same SQL, the same layouts. Bad rows are
listed with file, line, field and reason in `rejected.json` and on standard error; the good ones count.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.attribution.models import model_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.core import clock, money
from chalicelib.core.errors import BadInput
from chalicelib.deals.import_deals import HEADINGS as DEAL_HEADINGS
from chalicelib.registry.types import ChannelRule, Site
from chalicelib.reports.compose import Order, compose
from chalicelib.reports.fact_rows import Fact
from chalicelib.reports.facts import parquet
from chalicelib.reports.figures.report import GROUPINGS
from chalicelib.reports.layouts import render_all
from chalicelib.reports.plain.counted import SITE_ID, counted
from chalicelib.reports.plain.inputs import Input
from chalicelib.reports.spend.generic_csv import HEADINGS as SPEND_HEADINGS

NO_CURRENCY = "XXX"  # ISO 4217's own code for none


def run(
    calls: Path,
    deals: Path | None = None,
    spend: Path | None = None,
    *,
    by: str = "channel",
    model: str = "last_non_direct",
    out: Path,
    time_zone: str = "UTC",
    currency: str | None = None,
    country: str = "RU",
    rules: tuple[ChannelRule, ...] = (),
) -> dict[str, Any]:
    """Write the report files into `out`; answers `{"files": name → path, "calls", "deals", "spend", "rejected"}`.

    `by` is a grouping, or several with commas. `currency` is needed only where the files name none; `time_zone` and
    `country` are of times and telephone numbers that name none; `rules` name channels as an account's would.
    Raises BadInput for a wrong argument or file.
    """
    groupings, spec = _checked(by, time_zone), model_of(model).spec
    inputs = (Input(calls).read(), Input(deals, DEAL_HEADINGS).read(), Input(spend, SPEND_HEADINGS).read())
    used = money.parse_currency(currency) if currency else _currency_in(inputs[1:])
    site = Site(SITE_ID, "", "", calls.stem, (), time_zone, used, country, model=spec)
    facts = counted(*inputs, site, secrets.token_bytes(32), Rulebook(rules=rules, time_zone=time_zone))
    rejected = [row for one in inputs for row in one.rejected]
    _write_rejected(rejected, out)
    files = _report(facts, site, groupings, calls)
    for name, content in files.items():
        (out / name).write_bytes(content)
    counts = {kind: len(facts[kind]) for kind in ("calls", "deals", "spend")}
    return {"files": {name: str(out / name) for name in files}, **counts, "rejected": rejected}


def _checked(by: str, time_zone: str) -> tuple[str, ...]:
    groupings = tuple(part.strip() for part in by.split(","))
    if not set(groupings) <= set(GROUPINGS):
        raise BadInput("by", f"not one of {', '.join(GROUPINGS)}")
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise BadInput("time_zone", "not a zone like Europe/Moscow") from None
    return groupings


def _currency_in(inputs: Iterable[Input]) -> str:
    named = (str(cells["currency"]) for one in inputs for _, cells in one.rows if cells.get("currency"))
    first = next(named, None)
    return money.parse_currency(first) if first else NO_CURRENCY


def _write_rejected(rejected: list[dict[str, Any]], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "rejected.json").write_text(json.dumps(rejected, ensure_ascii=False, indent=1), encoding="utf-8")
    for row in rejected:
        print(f"{row['file']}, line {row['line']}: {row['field']} {row['reason']}", file=sys.stderr)


def _report(
    facts: Mapping[str, Iterable[Fact]], site: Site, groupings: tuple[str, ...], calls: Path
) -> dict[str, bytes]:
    days: list[date] = sorted({fact.day for rows in facts.values() for fact in rows})
    if not days:
        raise BadInput(str(calls), "no row could be read; rejected.json says why")
    order = Order(SITE_ID, site.name, days[0], days[-1], site.model, site.currency, site.time_zone, groupings=groupings)
    with tempfile.TemporaryDirectory(prefix="callpath-") as name:
        folder = Path(name)
        for kind, rows in facts.items():
            parquet.write(folder / f"{kind}.parquet", kind, rows)
        files = parquet.FactFiles({kind: [folder / f"{kind}.parquet"] for kind in facts})
        return render_all(compose(files, order, clock.utc_now(), folder))
