"""The tables of docs/measurements.md, and the place they take in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean

from tests.simulation.figures import Target
from tests.simulation.flood import Spoils
from tests.simulation.tally import Tally, quantile

MEASUREMENTS = Path(__file__).resolve().parent.parent.parent / "docs" / "measurements.md"
HEADING = "# Measurements\n"

GRID_HEAD = (
    "design",
    "round trips mean / p50 / p99",
    "write units",
    "read units",
    "$ per million",
    "with history",
    "conflicts",
    "overflow",
    "false overflow",
    "rest p5 / mean, s",
    "rested > 60 s",
    "lent in the cool-down, others past it",
    "calls right, late calls (mean 60 s) right",
    "write units per renewal",
    "double leases",
)
BURST_HEAD = (
    "design",
    "round trips",
    "p99 ms",
    "write units",
    "read units",
    "refused by limits",
    "answered in time",
    "overflow",
    "false overflow",
    "double leases",
)
FLOOD_HEAD = (
    "flood",
    "containers",
    "one address may hold",
    "it held at most",
    "its round trips / write units a request",
    "honest visitors",
    "without a number",
    "their round trips / write units",
    "calls right, late calls (mean 60 s) right",
    "rest p5 / mean, s",
    "lent in the cool-down, others past it",
    "double leases",
)


def grid_row(name: str, tally: Tally) -> tuple[str, ...]:
    """One design in one cell, per lease."""
    trips = f"{tally.mean_trips:.2f} / {quantile(tally.trips, 0.5):.0f} / {quantile(tally.trips, 0.99):.0f}"
    idle = tally.truth.idle
    return (
        name,
        trips,
        f"{tally.writes_per_lease:.3f}",
        f"{tally.reads_per_lease:.2f}",
        f"{tally.dollars_per_million:.3f}",
        f"{tally.dollars_with_history:.3f}",
        f"{tally.truth.refused / max(tally.leases, 1):.3f}",
        percent(tally.overflows / max(tally.requests, 1)),
        percent(tally.false_overflow),
        f"{tally.idle_p5:.0f} / {mean(idle):.0f}" if idle else "",
        percent(tally.late_call_owned),
        percent(tally.truth.hasty / max(len(idle), 1)),
        f"{percent(tally.calls.accuracy)}, {percent(tally.late_calls.accuracy)}",
        f"{tally.renewal_writes / max(tally.renewals, 1):.2f}",
        str(tally.truth.doubles),
    )


def burst_row(name: str, tally: Tally) -> tuple[str, ...]:
    """One design in one burst, per request."""
    requests = max(tally.requests, 1)
    return (
        name,
        f"{tally.all_trips / requests:.2f}",
        f"{1000 * quantile(tally.seconds, 0.99):.0f}",
        f"{tally.writes / requests:.3f}",
        f"{tally.reads / requests:.2f}",
        f"{tally.throttles / requests:.2f}",
        percent(tally.in_time / max(tally.arrivals, 1)),
        percent(tally.overflows / requests),
        percent(tally.false_overflow),
        str(tally.truth.doubles),
    )


def flood_row(name: str, containers: int, may_hold: int, tally: Tally, spoils: Spoils) -> tuple[str, ...]:
    """One flood, and the honest visitors beside it."""
    requests, idle = max(spoils.requests, 1), tally.truth.idle
    return (
        name,
        str(containers),
        str(may_hold),
        str(spoils.most_held),
        f"{spoils.trips / requests:.3f} / {spoils.writes / requests:.3f}" if spoils.requests else "",
        f"{tally.requests:,}",
        percent(tally.overflows / max(tally.requests, 1)),
        f"{tally.mean_trips:.2f} / {tally.writes_per_lease:.3f}",
        f"{percent(tally.calls.accuracy)}, {percent(tally.late_calls.accuracy)}",
        f"{tally.idle_p5:.0f} / {mean(idle):.0f}" if idle else "",
        percent(tally.truth.hasty / max(len(idle), 1)),
        str(tally.truth.doubles),
    )


def target_rows(targets: Iterable[Target]) -> list[tuple[str, ...]]:
    """Each target with its verdict."""
    return [
        (
            target.name,
            f"{target.value:.4g} {target.unit}",
            f"≤ {target.most:g}",
            "met" if target.value <= target.most else "**missed**",
        )
        for target in targets
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def write_section(name: str, text: str, path: Path = MEASUREMENTS) -> None:
    """Put the text between the section's markers, which are added at the end where the file lacks them."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    page = path.read_text(encoding="utf-8") if path.exists() else HEADING
    if begin not in page:
        page += f"\n{begin}\n{end}\n"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    path.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
