"""docs/carriers.md is true: a row for every carrier, its credentials, and templates that are read as they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chalicelib.calls.types import CallStatus
from chalicelib.carriers import CARRIERS, carrier
from chalicelib.carriers.uis import webhook as uis
from tests.carriers.carrier_examples import events, hook, sample

PAGE = (Path(__file__).parents[2] / "docs" / "carriers.md").read_text()
COLUMNS = ("ring_seconds", "show", "announcement", "whisper")
TEMPLATES = re.findall(r'^\{"event":"(\w+)".*\}$', PAGE, re.MULTILINE)
VALUES = sample("uis", "call_finished.rendered.json") | {"file_link": "https://r.example/1.mp3", "file_duration": 45}


@pytest.mark.parametrize("vendor", CARRIERS)
def test_every_carrier_has_its_row_with_its_credentials(vendor: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{vendor}`") and "URL" in line]
    module = carrier(vendor)
    for name in (*getattr(module, "CREDENTIALS", ("secret",)), *getattr(module, "OPTIONAL_CREDENTIALS", ())):
        assert f"`{name}`" in row


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_for_uis_is_read_as_the_event_it_names(name: str) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f'{{"event":"{name}"')]
    rendered = re.sub(r"\{\{(\w+)\}\}", lambda found: json.dumps(VALUES[found[1]]), line)
    ((_, event),) = events("uis", hook(rendered), zone="Europe/Moscow")
    assert event.event_id.startswith(name) and event.number == "+74950000001"
    ends = {"ended": CallStatus.ACCEPTED, "lost": CallStatus.MISSED}
    assert event.status == ends.get(name)
    assert (event.recording_url is not None) == (name == "recording")


def test_every_event_has_a_template() -> None:
    assert sorted(TEMPLATES) == sorted(uis.EVENTS)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_the_table_of_how_calls_are_put_through_is_true(vendor: str) -> None:
    (table,) = re.findall(r"\| carrier \| `ring_seconds`.*?\n\n", PAGE, re.DOTALL)
    (row,) = [line for line in table.splitlines() if f"`{vendor}`" in line.partition("|")[2].partition("|")[0]]
    cells = [cell.strip() for cell in row.split("|")[2:6]]
    can = tuple(name for name, cell in zip(COLUMNS, cells, strict=True) if cell != "no")
    assert can == getattr(carrier(vendor), "ANSWERING", ())
