"""Shared credit beside winner-takes-all, on visitors whose calls are known: calibration and accuracy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from chalicelib.attribution.candidate_shares import LEAST_OF_MANY, candidates_of, named
from chalicelib.pool.lending.lease_history import SKEW
from chalicelib.pool.statistics.delay_profile import Profile, learned, likelihoods_of, prior_profile
from chalicelib.reports.figures.formulas import Spread, interval_of
from tests.simulation import report
from tests.simulation.callers import GRACE, Habits, Ring, Shop, Watch, background, counted, watch

LEARNING, TESTED = 14, 3  # days
SEEDS = (201, 202, 203)  # none of them was looked at while the rules were chosen
SHOPS = (
    Shop("12 numbers, 60 % in use", 12, 0.6),
    Shop("12 numbers, 95 % in use", 12, 0.95),
    Shop("the same, numbers noted down", 12, 0.95, Habits(after=0.01, later=0.03)),
)
BINS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
NOBODY = ""  # anybody who is none of those looked back to

Shares = dict[str, float]  # by visitor, NOBODY among them
Rule = Callable[[Ring], Shares]


@dataclass(slots=True)
class SourceCount:
    """A row of a report by source: the true number of calls, and the one it shows with its spread."""

    true: int = 0
    calls: float = 0.0
    doubtful: float = 0.0
    variance: float = 0.0
    most: float = 0.0

    def expect(self, part: float) -> None:
        """Add a call that is the source's with this probability."""
        self.calls += part
        if part < 1:
            self.doubtful += part
            self.variance += part * (1 - part)
            self.most += 1

    @property
    def holds(self) -> bool:
        """Whether the interval that the report shows has the true number in it."""
        spread = Spread(Decimal(self.doubtful), Decimal(self.variance), Decimal(self.most))
        low, high = interval_of(Decimal(self.calls), spread) or (round(self.calls), round(self.calls))
        return low <= self.true <= high


@dataclass(slots=True)
class Score:
    """How a rule does. Brier: the squared distance of the shares from the truth, 0 to 2 a call."""

    calls: int = 0
    brier: float = 0.0
    right: float = 0.0  # the likeliest is the caller; where several are, one of them by lot
    by_share: dict[int, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    sources: dict[int | None, SourceCount] = field(default_factory=lambda: defaultdict(SourceCount))

    def add(self, ring: Ring, shares: Shares, sources: Mapping[str, int]) -> None:
        """Count one call."""
        shown = any(each.visitor == ring.caller for each in ring.shown)
        truth = ring.caller if shown or ring.redial else NOBODY
        everyone = {*shares, truth}
        self.calls += 1
        self.brier += sum((shares.get(who, 0.0) - (who == truth)) ** 2 for who in everyone)
        most = max(shares.values())
        likeliest = [who for who, share in shares.items() if share == most]
        self.right += (truth in likeliest) / len(likeliest)
        for who, share in shares.items():
            self.by_share[next(place for place, edge in enumerate(BINS) if share <= edge)].append((share, who == truth))
        self._count(truth, shares, sources)

    def _count(self, truth: str, shares: Shares, sources: Mapping[str, int]) -> None:
        self.sources[sources.get(truth)].true += 1
        parts: dict[int | None, float] = defaultdict(float)
        for who, share in shares.items():
            parts[sources.get(who)] += share
        for source, part in parts.items():
            self.sources[source].expect(part)


def winner_takes_all(ring: Ring) -> Shares:
    """The rules before: the present holder, the last one within the grace, the one before in the first seconds."""
    return {ring.winner or NOBODY: 1.0}


def shared(profile: Profile) -> Rule:
    """The production rules under a profile."""

    def rule(ring: Ring) -> Shares:
        least = {"least": LEAST_OF_MANY} if ring.overflow else {}
        found = likelihoods_of(ring.shown, ring.at, profile, background(ring, profile), 0 if ring.overflow else SKEW)
        plausible, rest = named(found, **least)
        if not plausible:
            return {NOBODY: 1.0}
        candidates = candidates_of(plausible, rest, ring.at, lambda _: ())
        return {each.visitor or NOBODY: float(each.share) for each in candidates}

    return rule


def measure(shop: Shop, seed: int, learning: int = LEARNING, tested: int = TESTED) -> dict[str, dict[str, Score]]:
    """The rules on days they have not learned from: rule → kind of call → score."""
    training = watch(shop, seed, learning)
    profile = learned("", counted(shop, training, learning), GRACE)
    seen = watch(shop, seed + 1000, tested)
    rules: dict[str, Rule] = {
        "winner takes all": winner_takes_all,
        "shared, nothing learned": shared(prior_profile()),
        "shared, learned": shared(profile),
    }
    return {name: _scored(seen, rule) for name, rule in rules.items()}


def _scored(seen: Watch, rule: Rule) -> dict[str, Score]:
    scores: dict[str, Score] = defaultdict(Score)
    for ring in seen.rings:
        shares = rule(ring)
        for kind in ("all", "overflow" if ring.overflow else "lent"):
            scores[kind].add(ring, shares, seen.sources)
    return scores


def section() -> str:
    """The section of docs/measurements.md."""
    found = {(shop, seed): measure(shop, seed) for shop in SHOPS for seed in SEEDS}
    rows = [
        _row(shop, seed, name, scores) for (shop, seed), by_rule in found.items() for name, scores in by_rule.items()
    ]
    lower = [
        kind
        for by_rule in found.values()
        for kind in ("all",)
        if by_rule["shared, learned"][kind].right < by_rule["winner takes all"][kind].right
    ]
    verdict = "on every seed" if not lower else f"**but on {len(lower)} of {len(found)} seeds**"
    names = list(next(iter(found.values())))
    parts = [
        INTRODUCTION,
        report.table(HEAD, rows),
        f"\nThe likeliest candidate of shared credit was the caller at least as often as the winner, {verdict}.\n",
        "### Reliability: of those who were given such a share of a call, how many had made it\n",
        report.table(
            ("rule", *edges()), [reliability(name, [each[name]["all"] for each in found.values()]) for name in names]
        ),
        "\n### Calls by source, of all seeds: how far a row of the report is off, and whether its interval holds\n",
        report.table(
            ("rule", "rows", "calls a row", "off by, mean", "true number within the 95 % interval"),
            [by_source(name, [each[name]["all"] for each in found.values()]) for name in names],
        ),
    ]
    return "\n".join(parts)


def _row(shop: Shop, seed: int, name: str, scores: Mapping[str, Score]) -> tuple[str, ...]:
    cells: list[str] = []
    for kind in ("all", "lent", "overflow"):
        score = scores.get(kind)
        shown = score and (f"{score.brier / score.calls:.4f}", report.percent(score.right / score.calls))
        cells += shown or ("", "")
    return (shop.name, str(seed), name, f"{scores['all'].calls:,}", *cells)


def edges() -> list[str]:
    """The titles of the columns of `reliability`."""
    return [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in pairwise((0.0, *BINS))]


def reliability(name: str, scores: list[Score]) -> tuple[str, ...]:
    cells = []
    for place in range(len(BINS)):
        pairs = [pair for score in scores for pair in score.by_share.get(place, [])]
        if pairs:
            claimed, true = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
            cells.append(f"{100 * claimed:.0f} % told, {100 * true:.0f} % true ({len(pairs):,})")
        else:
            cells.append("")
    return (name, *cells)


def by_source(name: str, scores: list[Score]) -> tuple[str, ...]:
    rows = [row for score in scores for source, row in score.sources.items() if source is not None]
    calls = sum(row.true for row in rows) / len(rows)
    off = sum(abs(row.calls - row.true) for row in rows) / len(rows)
    return (name, str(len(rows)), f"{calls:.1f}", f"{off:.2f}", report.percent(sum(r.holds for r in rows) / len(rows)))


HEAD = (
    *("pool", "seed", "rule", "calls", "Brier", "right"),
    *("Brier, lent numbers", "right, lent numbers", "Brier, overflow", "right, overflow"),
)
INTRODUCTION = f"""\
## Attribution, simulated

`make simulate` writes this section. The visitors of the pool's simulation, whose callers are known: 10 % call while they
look at the page (log-normal, median 35 s), 2 % after they left (median 4 minutes, σ 1.4), 1.2 % days later from a note
(in the third pool 1 % and 3 %); who finds no free number sees the overflow number and calls alike. Numbers are lent,
histories read, calls raced and the profile learned by the production code, from {LEARNING} days; {TESTED} other days are counted.
No constant was chosen on these seeds. "Winner takes all" is the rule of the present or last holder; overflow calls are
nobody's. Brier is the squared distance of the shares from the truth, 0 at best and 2 at worst.
"""  # noqa: E501
