"""What a caller's last call to a number means for the next one, with several possible callers of either."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.attribution.redial_rules import dialled_of, with_redial
from chalicelib.attribution.repeat_rules import calls_before
from chalicelib.calls.evidence import AttributedCall, Candidate, Evidence, EvidenceKind
from chalicelib.calls.types import Call, Direction
from chalicelib.core.apportion import apportion
from chalicelib.pool.statistics.delay_profile import prior_profile
from tests.attribution.test_credit import CALL
from tests.requests import NOW

NUMBERS = ("+74990000101", "+74990000102")
VISITORS = tuple(letter * 24 for letter in "abcde")
PROFILE = prior_profile()
KINDS = st.sampled_from(
    [EvidenceKind.LIVE, EvidenceKind.GRACE, EvidenceKind.SHARED, EvidenceKind.OVERFLOW, EvidenceKind.UNKNOWN]
)


def call(minute: int, number: str, key: str | None = "caller", direction: Direction = Direction.IN) -> Call:
    at = NOW - timedelta(days=3) + timedelta(minutes=minute)
    return replace(CALL, call_id=f"c{minute}", started_at=at, caller_key=key, number=number, direction=direction)


def evidence(kind: EvidenceKind, at: datetime, visitors: Sequence[str], rates: Sequence[float]) -> Evidence:
    """Evidence of these visitors, the last of whom had the number from a minute before the call on."""
    leased, until = at - timedelta(seconds=60), at + timedelta(seconds=240)
    if kind in (EvidenceKind.LIVE, EvidenceKind.GRACE):
        return Evidence(kind, "why", "p1", visitor=visitors[0], leased_at=leased, expires_at=until)
    if kind is EvidenceKind.UNKNOWN:
        return Evidence(kind, "why", "p1")
    shares = apportion([Decimal(rate) for rate in rates])
    named = [
        Candidate(share, rate, visitor, leased, until, delay_seconds=-240.0)
        for share, rate, visitor in zip(shares[:-1], rates[:-1], visitors, strict=False)
    ]
    return Evidence(kind, "why", "p1", candidates=(*named, Candidate(shares[-1], rates[-1])))


@st.composite
def calls(draw: st.DrawFn) -> AttributedCall:
    made = call(draw(st.integers(0, 3000)), draw(st.sampled_from(NUMBERS)))
    visitors = draw(st.lists(st.sampled_from(VISITORS), min_size=1, max_size=3, unique=True))
    rates = draw(st.lists(st.floats(1e-9, 1e-3), min_size=len(visitors) + 1, max_size=len(visitors) + 1))
    found = evidence(draw(KINDS), made.started_at, visitors, rates)
    return AttributedCall(made, found, made.started_at.date())


@given(calls(), st.lists(calls(), max_size=6, unique_by=lambda each: each.call.call_id), st.randoms())
def test_the_order_in_which_calls_are_known_changes_nothing_and_shares_are_whole(
    latest: AttributedCall, others: list[AttributedCall], rng: object
) -> None:
    found = with_redial(latest.evidence, latest.call, others, PROFILE)
    shuffled = list(others)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert with_redial(latest.evidence, latest.call, shuffled, PROFILE) == found
    later = [each for each in others if each.call.started_at < latest.call.started_at]
    assert with_redial(latest.evidence, latest.call, later, PROFILE) == found, "what comes after changes nothing"
    assert found.of_number == latest.evidence
    if found.redial_of and found.candidates:
        assert sum(each.share for each in found.candidates) == 1
        assert [each.share for each in found.candidates] == sorted((c.share for c in found.candidates), reverse=True)


@given(calls(), st.lists(calls(), max_size=4, unique_by=lambda each: each.call.call_id))
def test_calls_of_others_to_others_and_of_nobody_known_change_nothing(
    latest: AttributedCall, others: list[AttributedCall]
) -> None:
    elsewhere = [replace(each, call=replace(each.call, number="+74990000999")) for each in others]
    stranger = [replace(each, call=replace(each.call, caller_key="stranger")) for each in others]
    withheld = [replace(each, call=replace(each.call, caller_key=None)) for each in others]
    rung_back = [replace(each, call=replace(each.call, direction=Direction.OUT)) for each in others]
    for same in (elsewhere, stranger, withheld, rung_back):
        assert with_redial(latest.evidence, latest.call, same, PROFILE) == latest.evidence
    nobody = replace(latest.call, caller_key=None)
    assert with_redial(latest.evidence, nobody, withheld + others, PROFILE) == latest.evidence
    assert calls_before(nobody, withheld) == []
    found = with_redial(latest.evidence, latest.call, others, PROFILE)
    assert with_redial(latest.evidence, latest.call, others + later(rung_back), PROFILE) == found


def later(calls: list[AttributedCall]) -> list[AttributedCall]:
    """The calls half a minute later, each another call."""
    moved = []
    for each in calls:
        at = each.call.started_at + timedelta(seconds=30)
        moved.append(replace(each, call=replace(each.call, call_id=f"{each.call.call_id}-later", started_at=at)))
    return moved


def test_what_was_dialled_is_what_the_call_says_without_its_callers_other_calls() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    repeat = Evidence(
        EvidenceKind.REPEAT, "why", "p1", own_kind=EvidenceKind.OVERFLOW, own_why="why", repeat_of="c0",
        candidates=(Candidate(Decimal("0.6"), 3e-5, VISITORS[0]), Candidate(Decimal("0.4"), 2e-5)),
    )  # fmt: skip
    made = call(5, NUMBERS[0])
    dialled = dialled_of(AttributedCall(made, repeat, at.date()))
    assert dialled is not None
    assert [(each.visitor, each.share, each.likelihood) for each in dialled.callers] == [
        (VISITORS[0], Decimal("0.6"), 0.0),
        (None, Decimal("0.4"), 0.0),
    ]
    assert dialled.callers[0].called_at == made.started_at
    assert dialled_of(AttributedCall(replace(made, caller_key=None), repeat, at.date())) is None
