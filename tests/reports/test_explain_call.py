"""A call explained: each link of its chain as a sentence that a marketer can read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from chalicelib.__main__ import main
from chalicelib.attribution.explanation import Chapter, Sentence, Story, as_text
from chalicelib.attribution.explanation import explain as explain_story
from chalicelib.calls.evidence import Candidate, Evidence, EvidenceKind
from chalicelib.calls.types import Credit
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.reports import close_day
from chalicelib.reports.explain_call import explain
from chalicelib.visits.types import Source, Touch
from tests.reports import day
from tests.reports.day import CAMPAIGN, NOON, SITE


@pytest.fixture
def closed_day(aws: Any) -> None:
    day.register()
    day.won(day.call("c1", touches=("social", "paid_search")))
    close_day.close(clock.utc_now() + timedelta(seconds=5))


def chapters(sentences: list[Sentence]) -> dict[Chapter, list[str]]:
    found: dict[Chapter, list[str]] = {}
    for each in sentences:
        found.setdefault(each.chapter, []).append(each.says)
    return found


def test_every_chapter_is_shown_in_its_order(closed_day: None) -> None:
    sentences = explain(SITE, "c1", None, NOON)
    by = chapters(sentences)
    assert list(by) == [chapter for chapter in Chapter if chapter is not Chapter.ANSWER]  # nobody asked the caller
    assert by[Chapter.WEBHOOKS] == [
        "Event c1-ended: number +74950000001; started 09:00:00 UTC; 30 s of talk; status accepted."
    ]
    assert by[Chapter.CALL][0].endswith("rang +74950000001.")
    assert [text.partition(",")[0] for text in by[Chapter.TOUCHES]] == ["social", "paid search"]
    assert by[Chapter.CREDIT] == [
        f"100 % paid search, yandex, campaign {CAMPAIGN}, keyword купить поддоны, by the model last_non_direct."
    ]
    assert by[Chapter.DEALS][0].startswith("Deal ") and "won, 20000" in by[Chapter.DEALS][0]
    assert by[Chapter.PROOF][0].startswith("Entry 1 of the site's chain proves 2026-11-03")


def test_no_whole_number_of_a_person_is_shown(closed_day: None) -> None:
    text = as_text(explain(SITE, "c1", None, NOON))
    assert "+79160000001" not in text and "79160000001" not in text
    assert "+791" in text  # the mask


def test_moments_are_of_the_sites_zone(closed_day: None) -> None:
    started = next(each for each in explain(SITE, "c1", None, NOON) if each.chapter is Chapter.CALL)
    assert started.at is not None
    assert (started.at.hour, started.at.tzinfo) == (12, ZoneInfo("Europe/Moscow"))


def test_another_model_shows_another_credit(closed_day: None) -> None:
    by = chapters(explain(SITE, "c1", "linear", NOON))
    assert [text.partition(" %")[0] for text in by[Chapter.CREDIT]] == ["50", "50"]


def test_a_call_there_is_none_of_is_not_found(closed_day: None) -> None:
    with pytest.raises(NotFound):
        explain(SITE, "c9", None, NOON)


def test_a_day_that_changed_since_says_so(closed_day: None) -> None:
    day.call("c2", at=NOON + timedelta(hours=1))
    assert "changed since" in chapters(explain(SITE, "c1", None, NOON))[Chapter.PROOF][-1]


def test_possible_callers_are_shown_with_their_parts(closed_day: None) -> None:
    source = Source("paid_search", "yandex", "cpc", "", "", "")
    touch = Touch(NOON - timedelta(minutes=9), "https://pallets.example/?utm_source=yandex", "", "", source)
    candidates = (
        Candidate(Decimal("0.7"), 1.0, "a" * 24, NOON, NOON, 40.0, touches=(touch,)),
        Candidate(Decimal("0.3"), 0.5, None),
    )
    evidence = Evidence(EvidenceKind.SHARED, "Two had seen the number.", candidates=candidates)
    attributed = replace(day.call("c9"), evidence=evidence)
    story = Story(attributed, (), (Credit(source, Decimal(1), "", ""),), "last_touch", (), None, False)
    by = chapters(explain_story(story, ZoneInfo("Europe/Moscow")))
    assert by[Chapter.LEASE][1:] == [
        "Possible caller 1: visitor aaaaaaaa, 70 % of the call: they last saw the number 40 s before the call.",
        "Possible caller 2: anybody else who had seen the number, 30 % of the call.",
    ]
    assert by[Chapter.TOUCHES] == ["Possible caller 1: paid search, yandex, on https://pallets.example/."]
    assert by[Chapter.PROOF] == ["The day is not closed yet, so nothing is proved."]


def test_the_command_prints_the_chain(closed_day: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "c1", "--site", SITE.site_id]) == 0
    printed = capsys.readouterr().out
    assert "\nWhich source gets the call\n" in printed
    assert "2026-11-03 12:00:00" in printed


def test_the_command_verifies_and_ends_with_one_where_something_differs(
    closed_day: None, aws: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["verify", "--site", SITE.site_id, "--from", "2026-11-01", "--to", "2026-11-30"]
    assert main(asked) == 0
    assert '"days_checked": 1' in capsys.readouterr().out
    from chalicelib.calls.events_table import call_pk
    from chalicelib.runtime.settings import settings

    aws.client("dynamodb").delete_item(TableName=settings().calls_table, Key=call_pk(SITE.site_id, "c1"))
    assert main(asked) == 1
    assert "call c1 is gone" in capsys.readouterr().out
    assert main([*asked[:3], "--from", "2026-13-01"]) == 2
