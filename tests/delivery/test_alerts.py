"""What people read of a call: in their language, in their time, and with nothing a stranger wrote taken for markup."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from chalicelib.delivery.alert_texts import ENGLISH, WORDS
from chalicelib.delivery.alerts import MAX_VALUE, Alert, AlertKind, message
from chalicelib.visits.channels import CHANNELS
from chalicelib.visits.types import Source

ALERT = Alert(
    kind=AlertKind.MISSED,
    site_name="pallets.example",
    time_zone="Europe/Moscow",
    caller="+79160000001",
    number="+74990000001",
    started_at=datetime(2026, 11, 22, 22, 30, 5, tzinfo=UTC),
    ring_seconds=17,
    talk_seconds=0,
    answered_by=None,
    source=Source("paid_search", "yandex", "cpc", "338151", "купить поддоны", ""),
    landing_page="pallets.example/euro",
)


class Reading(HTMLParser):
    """What a mail program or Telegram shows, and the tags it sees."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_it_says_who_rang_what_when_for_how_long_and_what_had_brought_them() -> None:
    written = message(ALERT, "en")
    assert written.subject == "Missed call from +79160000001 — pallets.example"
    assert dict(written.lines) == {
        "Customer": "+79160000001",
        "Number called": "+74990000001",
        "When": "23.11.2026 01:30:05 MSK",  # the site's day, not the server's
        "Rang for": "17 s",
        "Channel": "paid search",
        "Source": "yandex / cpc",
        "Campaign": "338151",
        "Keyword": "купить поддоны",
        "Landing page": "pallets.example/euro",
    }
    assert "Keyword: купить поддоны\n" in written.plain


def test_it_speaks_russian_where_it_is_asked_to() -> None:
    written = message(ALERT, "ru")
    assert written.subject == "Пропущенный звонок от +79160000001 — pallets.example"
    assert dict(written.lines)["Канал"] == "контекстная реклама"


def test_every_language_has_every_word() -> None:
    for words in WORDS.values():
        assert set(ENGLISH) <= set(words)
        own = {name for name in words if name.startswith("channel_")}
        assert own in (set(), {f"channel_{name}" for name in CHANNELS})


def test_a_withheld_number_and_what_is_not_known_are_not_made_up() -> None:
    bare = replace(ALERT, caller=None, number=None, ring_seconds=None, source=Source("unknown", "", "", "", "", ""))
    written = message(replace(bare, landing_page=""), "en")
    assert written.subject.startswith("Missed call from a withheld number")
    assert [label for label, _ in written.lines] == ["Customer", "When", "Channel"]


HOSTILE = '</b><a href="https://evil.example">x</a> & <script>alert(1)</script> _*[`\\'


def test_nothing_a_stranger_wrote_becomes_markup() -> None:
    written = message(replace(ALERT, source=replace(ALERT.source, keyword=HOSTILE), landing_page=HOSTILE), "en")
    telegram, page = Reading(written.telegram), Reading(written.page)
    assert telegram.tags == ["b"] and HOSTILE in telegram.shown
    assert set(page.tags) == {"html", "body", "h3", "table", "tr", "th", "td"} and HOSTILE in page.shown


@pytest.mark.parametrize("value", ["a\r\nBcc: x@evil.example", "a\u202ereversed", "a\x00b", "a\u2028b"])
def test_a_value_stays_on_its_line(value: str) -> None:
    written = message(replace(ALERT, site_name=value, source=replace(ALERT.source, keyword=value)), "en")
    assert len(written.subject.splitlines()) == 1
    assert all(len(shown.splitlines()) == 1 and shown.isprintable() for _, shown in written.lines)


def test_long_values_are_clipped_and_the_whole_fits_into_a_telegram_message() -> None:
    long = "д" * 10_000
    parts = dict.fromkeys(("source", "medium", "campaign", "keyword", "creative"), long)
    written = message(
        replace(ALERT, site_name=long, answered_by=long, landing_page=long, source=replace(ALERT.source, **parts)),
        "ru",
    )
    assert all(len(value) <= MAX_VALUE for _, value in written.lines)
    assert len(Reading(written.telegram).shown) <= 4096


def test_a_storm_is_one_sentence() -> None:
    written = message(replace(ALERT, kind=AlertKind.STORM), "en")
    assert "Many calls at once" in written.subject and "+7916" not in written.plain
