"""Callers who dial a number again from the call log, beside the rule that does not know of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.attribution.possible_callers import Found, of_holding, of_shown
from chalicelib.attribution.redial_rules import noted_call, with_redial
from chalicelib.attribution.repeat_rules import with_earlier
from chalicelib.calls.evidence import AttributedCall, Evidence, EvidenceKind
from chalicelib.calls.types import Call, CallStatus, Direction
from chalicelib.pool.lending.lease_group import moment_of
from chalicelib.pool.statistics.delay_profile import Counted, Profile, learned, prior_profile
from chalicelib.pool.statistics.redial_rates import NotedCall, followed
from chalicelib.visits.types import Source, Touch
from tests.fakes.lease_table import START
from tests.simulation import report
from tests.simulation.attribution import NOBODY, SEEDS, Score, Shares, by_source, edges, reliability
from tests.simulation.callers import DAY, GRACE, HOLD, Habits, Ring, Shop, Watch, counted, watch

LEARNING, BEFORE, TESTED = 7, 6, 3  # days; those BEFORE the tested ones are there to have called in
POOL = "p1"
REDIALLING = Habits(redials=0.25, anew=0.08, withheld=0.05)
SHOPS = tuple(Shop(f"{100 * load:.0f} % in use", 12, load, REDIALLING) for load in (0.2, 0.5, 0.8))
TODAY, PRIOR, LEARNED = "without redials", "with redials, nothing learned", "with redials, learned"
_TOUCH = Touch(moment_of(START), "https://shop.example/", "", "", Source("direct", "", "", "", "", ""))


class Judged(NamedTuple):
    """A call with its shares, and what a pool learns from it; None: not a lent number."""

    ring: Ring
    shares: Shares
    noted: NotedCall | None


def judged(seen: Watch, profile: Profile, redials: bool = True) -> Iterator[Judged]:
    """Give each call to its possible callers by the production rules, as the calls come in."""
    before: dict[str | None, list[AttributedCall]] = defaultdict(list)
    for place, ring in enumerate(seen.rings):
        call = _call(ring, place)
        others = before[ring.phone] if ring.phone else []
        own, raced = _own(ring, profile)
        noted = noted_call(call, others, raced, POOL) if raced else None
        found = with_redial(own, call, others, profile) if redials else own
        attributed = AttributedCall(call, found, call.started_at.date())
        attributed = replace(attributed, evidence=with_earlier(found, attributed, others))
        others.append(attributed)
        yield Judged(ring, _shares(attributed.evidence), noted)


def _own(ring: Ring, profile: Profile) -> Found:
    at = moment_of(ring.at)
    if ring.held is None:
        return of_shown(list(ring.shown), POOL, at, HOLD + GRACE, profile, lambda _: (_TOUCH,))
    return of_holding(ring.held, POOL, at, profile, lambda _: (_TOUCH,))


def _shares(evidence: Evidence) -> Shares:
    """By visitor, under the repeat rule `new_visit`."""
    if evidence.kind is EvidenceKind.REPEAT:
        return {evidence.earlier[-1].visitor or NOBODY: 1.0}
    if not evidence.candidates:
        return {evidence.visitor or NOBODY: 1.0}
    called = set() if evidence.redial_of else {call.visitor for call in evidence.earlier}
    same = [each.visitor for each in evidence.candidates if each.visitor and each.visitor in called]
    if same:
        return {same[0]: 1.0}
    shares: Shares = defaultdict(float)
    for each in evidence.candidates:
        shares[each.visitor or NOBODY] += float(each.share)
    return shares


def _call(ring: Ring, place: int) -> Call:
    at = moment_of(ring.at)
    return Call(
        site_id="s1",
        call_id=f"c{place:07d}",
        vendor="generic",
        endpoint_id="e1",
        events=1,
        first_seen_at=at,
        started_at=at,
        direction=Direction.IN,
        caller_key=ring.phone,
        caller_masked=None,
        caller_sealed=None,
        number=ring.number,
        answered_at=None,
        ended_at=None,
        ring_seconds=None,
        talk_seconds=0,
        status=CallStatus.OPEN,
        answered_by=None,
        hangup_cause=None,
        recording_url=None,
    )


def counted_with_callers(shop: Shop, seen: Watch, days: int) -> Counted:
    """What the profile is learned from: the calls as they were noted when they came, by a pool that knew nothing."""
    noted = [(each.ring.at, each.noted) for each in judged(seen, prior_profile()) if each.noted is not None]
    found = followed(noted, START, START + days * DAY)
    plain = counted(shop, seen, days)
    return replace(
        plain,
        calls=found.calls,
        caller_number_seconds=found.number_seconds,
        caller_pool_seconds=found.pool_seconds,
    )


def measure(
    shop: Shop, seed: int, learning: int = LEARNING, before: int = BEFORE, tested: int = TESTED
) -> dict[str, dict[str, Score]]:
    """The rules on days they have not learned from: rule → kind of call → score."""
    training, seen = watch(shop, seed, learning), watch(shop, seed + 1000, before + tested)
    today = learned("", counted(shop, training, learning), GRACE)
    profile = learned("", counted_with_callers(shop, training, learning), GRACE)
    since = START + before * DAY
    return {
        TODAY: _scored(judged(seen, today, redials=False), seen, since),
        PRIOR: _scored(judged(seen, prior_profile()), seen, since),
        LEARNED: _scored(judged(seen, profile), seen, since),
    }


def _scored(calls: Iterator[Judged], seen: Watch, since: float) -> dict[str, Score]:
    scores: dict[str, Score] = defaultdict(Score)
    called: set[tuple[str, str]] = set()
    for ring, shares, _ in calls:
        known = ring.phone is not None and (ring.phone, ring.number) in called
        if ring.phone:
            called.add((ring.phone, ring.number))
        if ring.at < since:
            continue
        shown_to_others = any(each.visitor != ring.caller for each in ring.shown)
        counts = {"all": True, "again": known, "stranger": ring.redial and shown_to_others}
        for kind, counted_in in counts.items():
            if counted_in:
                scores[kind].add(ring, shares, seen.sources)
    return scores


def section() -> str:
    """The section of docs/measurements.md."""
    found = {(shop, seed): measure(shop, seed) for shop in SHOPS for seed in SEEDS}
    rows = [
        _row(shop, seed, name, scores) for (shop, seed), by_rule in found.items() for name, scores in by_rule.items()
    ]
    names = (TODAY, PRIOR, LEARNED)
    pairs = [(by_rule[name]["all"], by_rule[TODAY]["all"]) for by_rule in found.values() for name in (PRIOR, LEARNED)]
    worse = [new for new, old in pairs if new.brier >= old.brier or new.right < old.right]
    verdict = "in every cell" if not worse else f"**but in {len(worse)} of {2 * len(found)} cells**"
    parts = [
        INTRODUCTION,
        report.table(HEAD, rows),
        f"\nWith redials the Brier score is lower and the likeliest one at least as often the caller, {verdict}.\n",
        "### Reliability: of those given such a share of a call to a number called before, how many had made it\n",
        report.table(
            ("rule", *edges()), [reliability(name, [each[name]["again"] for each in found.values()]) for name in names]
        ),
        "\n### Calls by source, of all seeds: how far a row of the report is off, and whether its interval holds\n",
        report.table(
            ("rule", "rows", "calls a row", "off by, mean", "true number within the 95 % interval"),
            [by_source(name, [each[name]["all"] for each in found.values()]) for name in names],
        ),
    ]
    return "\n".join(parts)


def _row(shop: Shop, seed: int, name: str, scores: dict[str, Score]) -> tuple[str, ...]:
    cells: list[str] = []
    for kind in ("all", "again", "stranger"):
        score = scores[kind]
        calls = max(score.calls, 1)
        cells += (f"{score.calls:,}", f"{score.brier / calls:.4f}", report.percent(score.right / calls))
    return (shop.name, str(seed), name, *cells)


HEAD = (
    *("pool", "seed", "rule", "calls", "Brier", "right"),
    *("to a number called before", "Brier", "right"),
    *("redials while others had the number", "Brier", "right"),
)
_MEDIAN, _SIGMA = REDIALLING.redial_after
INTRODUCTION = f"""\
## Redials, simulated

`make simulate` writes this section. The visitors of the section above, in a pool of 12 numbers, and of their calls
{100 * REDIALLING.redials:.0f} % are followed by a redial from the call log, log-normal after the call (median {_MEDIAN / 3600:.0f} hours, σ {_SIGMA:.0f}), and so
on; after {100 * REDIALLING.anew:.0f} % of calls the caller comes anew in another browser (exponential, mean {REDIALLING.anew_days:.0f} days), and half of these call
the number they see then; {100 * REDIALLING.withheld:.0f} % withhold their number. Calls are attributed by the production code as they come in, under
the repeat rule `new_visit`; the profile is learned from {LEARNING} days, and {TESTED} other days are counted, which {BEFORE} days went before.
No constant was chosen on these seeds. "Without redials" is the rule that gives a redial to who was shown the number lately.
"""  # noqa: E501
