"""Numbers that several visitors had seen: through the real tables of leases, overflow visitors and delay profiles."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.credit import credit_of, paths_of
from chalicelib.attribution.repeat_rules import MAX_TOUCHES
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.evidence import Evidence, EvidenceKind
from chalicelib.pool.lending import provision_numbers
from chalicelib.pool.statistics import delays_table
from chalicelib.pool.statistics.delay_profile import LIVE_BINS, prior_profile
from chalicelib.pool.statistics.redial_rates import Sight
from chalicelib.registry.types import NumberKind, TrackingNumber
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from chalicelib.visits.visitor_key import visitor_key
from tests.attribution.test_attribute_call import BROWSER, DYNAMIC, found, ring
from tests.requests import NOW, POOL, SITE, issue, open_site, post

BEGUN = NOW - timedelta(hours=2)
REMEMBERING = replace(prior_profile(), version="2026-11-20", remembered=1e-3, turnover=1 / 600)


@pytest.fixture
def site(aws: Any) -> Any:
    """A pool of one dynamic number and an overflow number."""
    open_site()
    provision_numbers.place_numbers("s1", [TrackingNumber(DYNAMIC, "s1", NumberKind.DYNAMIC, pool_id="p1")], BEGUN)
    return aws


def seconds(count: float) -> datetime:
    return BEGUN + timedelta(seconds=count)


def visit(who: str, at: float) -> str:
    """A visitor from a source of the same name; return the kind of number they were shown."""
    url = f"https://pallets.example/?utm_source={who}&utm_medium=cpc"
    fields = {"visitor_id": who, "url": url, "referrer": ""}
    return str(issue(post(json.dumps(fields).encode(), BROWSER, seconds(at)), "sk1")["kind"])


def call(at: float, number: str | None = DYNAMIC) -> Evidence:
    attribute(ring(number=number, at=seconds(at)), NOW)
    evidence: Evidence = found().evidence
    return evidence


def shares(model: str = "last_touch", **changes: Any) -> dict[str, Decimal]:
    credits = credit_of(found(), replace(SITE, **changes), Rulebook(), model)
    return {part.source.source or part.source.channel: part.weight for part in credits}


def test_a_lease_that_runs_long_enough_has_no_rival(site: Any) -> None:
    assert [visit("anna", 0), visit("boris", 400)] == ["dynamic", "dynamic"]
    evidence = call(500)
    assert (evidence.kind, evidence.candidates, evidence.delay_profile) == (EvidenceKind.LIVE, (), "prior")
    assert shares() == {"boris": 1}


def test_just_after_the_switch_the_one_before_may_have_dialled(site: Any) -> None:
    visit("anna", 0), visit("boris", 400)
    evidence = call(406)
    assert evidence.kind is EvidenceKind.SHARED
    boris, anna = evidence.candidates
    assert (boris.delay_seconds, anna.delay_seconds) == (-354, 46)
    assert boris.share > anna.share > Decimal("0.05")
    assert evidence.visitor == boris.visitor == visitor_key("s1", "boris", settings().signing_key).hex()
    assert evidence.why == (
        "2 visitors may have dialled it: 73% that it was the one who had the number at that moment; "
        "27% that it was the one who had the number until 46 s before the call."
    )
    assert shares() == {"boris": boris.share, "anna": anna.share}


def test_nobody_dials_a_number_they_have_just_been_shown(site: Any) -> None:
    visit("anna", 0), visit("boris", 400)
    evidence = call(401)
    assert (evidence.kind, evidence.candidates) == (EvidenceKind.PREVIOUS, ())
    assert shares() == {"anna": 1}


def test_after_the_lease_the_holders_before_share_by_how_long_ago_each_had_it(site: Any) -> None:
    for place_, who in enumerate(("anna", "boris", "vera")):
        visit(who, 400 * place_)
    evidence = call(1160 + 500)
    delays = [each.delay_seconds for each in evidence.candidates]
    assert delays == [500, 900, 1300]
    likelihoods = [each.likelihood for each in evidence.candidates]
    assert [float(each.share) for each in evidence.candidates] == pytest.approx(
        [likelihood / sum(likelihoods) for likelihood in likelihoods], abs=1e-7
    )


def test_a_remembered_number_is_perhaps_nobodys_we_know(site: Any) -> None:
    delays_table.put_profile("p1", REMEMBERING, NOW)
    visit("anna", 0)
    evidence = call(360 + 30)
    anna, somebody = evidence.candidates
    assert (evidence.kind, somebody.visitor, evidence.delay_profile) == (EvidenceKind.SHARED, None, "2026-11-20")
    assert somebody.likelihood == pytest.approx(REMEMBERING.background)
    assert shares() == {"anna": anna.share, "unknown": somebody.share}
    assert "somebody else had noted it" in evidence.why


def test_where_remembering_is_far_likelier_the_call_is_unknown(site: Any) -> None:
    delays_table.put_profile("p1", replace(REMEMBERING, remembered=0.05), NOW)
    visit("anna", 0)
    evidence = call(360 + 1500)
    assert (evidence.kind, evidence.visitor, evidence.candidates) == (EvidenceKind.UNKNOWN, None, ())
    assert evidence.why.startswith("The last lease had ended 1500 s before the call")


def test_sharing_can_be_switched_off_without_touching_a_call(site: Any) -> None:
    visit("anna", 0), visit("boris", 400)
    call(406)
    assert shares(share_credit=False) == {"boris": 1}


def test_candidates_and_touches_multiply(site: Any) -> None:
    visits_table.record_touch(
        "s1", visitor_key("s1", "anna", settings().signing_key).hex(),
        visits_table.RawTouch(seconds(-900), "https://pallets.example/?utm_source=maps", "", ""),
    )  # fmt: skip
    visit("anna", 0), visit("boris", 400)
    boris, anna = call(406).candidates
    credit = shares("linear")
    assert sum(credit.values()) == 1
    assert credit["boris"] == boris.share
    assert [credit[name] for name in ("maps", "anna")] == pytest.approx([anna.share / 2] * 2, abs=Decimal("1e-8"))


def test_of_a_candidates_many_touches_the_first_and_the_latest_stay(site: Any) -> None:
    key = visitor_key("s1", "anna", settings().signing_key).hex()
    for minute in range(MAX_TOUCHES + 5):
        visits_table.record_touch(
            "s1", key, visits_table.RawTouch(seconds(-60 * minute - 60), "https://pallets.example/", "", "")
        )
    visit("anna", 0), visit("boris", 400)
    _, anna = call(406).candidates
    assert (len(anna.touches), anna.touches[-1].source.source) == (MAX_TOUCHES, "anna")
    assert anna.touches[0].at == seconds(-60 * (MAX_TOUCHES + 5))


# ---- the overflow number -------------------------------------------------------------------------------------------


def test_a_call_to_the_overflow_number_is_shared_by_those_who_were_shown_it(site: Any) -> None:
    kinds = [visit(who, at) for who, at in (("anna", 0), ("boris", 20), ("vera", 100), ("gleb", 118))]
    assert kinds == ["dynamic", "overflow", "overflow", "overflow"]
    evidence = call(120, POOL.overflow_number)
    assert evidence.kind is EvidenceKind.OVERFLOW
    boris, vera = evidence.candidates  # Gleb has just come: they cannot have dialled yet
    assert boris.share > vera.share
    assert sum(shares().values()) == 1
    assert set(shares()) == {"boris", "vera"}
    assert shares(share_credit=False) == {"overflow": 1}
    assert evidence.why.endswith("About 3 visitors had been shown it lately.")


def test_an_overflow_call_nobody_was_shown_the_number_before_stays_the_numbers_own(site: Any) -> None:
    assert call(120, POOL.overflow_number).candidates == ()
    assert shares() == {"overflow": 1}
    assert [path.share for path in paths_of(found(), SITE, Rulebook())] == [1]


def test_what_is_left_for_others_stays_the_overflow_numbers(site: Any) -> None:
    delays_table.put_profile("p1", replace(REMEMBERING, remembered=0.5), NOW)
    visit("anna", 0), visit("boris", 20)
    call(120, POOL.overflow_number)
    assert set(shares()) == {"boris", "overflow"}


def test_candidates_stand_when_what_they_were_found_by_is_forgotten(site: Any) -> None:
    visit("anna", 0), visit("boris", 20)
    before = call(120, POOL.overflow_number)
    dynamodb, name = site.client("dynamodb"), settings().days_table
    for item in dynamodb.scan(TableName=name)["Items"]:
        if item["pk"]["S"].startswith("SHOWN#"):
            dynamodb.delete_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW + timedelta(days=3))
    assert found().evidence == before


# ---- what the profile is learned from ------------------------------------------------------------------------------


def test_each_call_to_a_lent_number_is_noted_once_with_whom_it_may_be_of(site: Any) -> None:
    visit("anna", 0), visit("boris", 400)
    call(406)
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    attribute(ring("generic-2", number=POOL.overflow_number, at=seconds(500)), NOW)
    attribute(ring("generic-3", at=seconds(-7200)), NOW)
    delays_table.put_day("p1", BEGUN.date(), NOW, counted_nobody())
    counted = delays_table.counted_since("p1", BEGUN.date())
    assert counted.calls == {Sight((1, LIVE_BINS)): 1, Sight(()): 1}


def counted_nobody() -> Any:
    from chalicelib.pool.statistics.delay_profile import Counted

    return Counted({}, 1, 1.0, 1.0)


def test_a_likely_caller_of_a_shared_number_who_called_before_is_the_caller(site: Any) -> None:
    visit("anna", 0)
    attribute(ring("generic-0", at=seconds(100)), NOW)
    visit("boris", 400)
    evidence = call(406)
    assert (evidence.kind, evidence.candidates, evidence.redial_of) == (EvidenceKind.GRACE, (), "generic-0")
    assert evidence.of_number.kind is EvidenceKind.SHARED
    assert shares() == {"anna": 1}, "the same caller, and only one of the two has called from this number before"
