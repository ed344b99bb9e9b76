"""Requests in, answers and errors out, through the real application."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib.core.errors import BadInput, CallpathError, Conflict, NotFound
from chalicelib.runtime.http import Answer, answers, error_answer, to_json, to_response


def test_an_error_names_its_code_its_field_and_its_status() -> None:
    answer = error_answer(BadInput("spend.cost", "not a decimal number"))
    assert answer.status == 400
    assert answer.body == {
        "error": "bad_input",
        "message": "spend.cost: not a decimal number",
        "field": "spend.cost",
    }


@pytest.mark.parametrize(("error", "status"), [(NotFound("No such site."), 404), (Conflict("Taken."), 409)])
def test_every_kind_of_error_has_its_own_status(error: CallpathError, status: int) -> None:
    assert error_answer(error).status == status
    assert "field" not in error_answer(error).body


def test_a_bug_is_a_500_without_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    @answers("some_task")
    def view() -> None:
        raise ValueError("+79161234567 is secret")

    response = view()
    assert response.status_code == 500
    assert "secret" not in response.body
    logged = capsys.readouterr().out
    assert json.loads(logged)["event"] == "failed"
    assert "+7916" not in logged


def test_json_keeps_decimals_exact_and_times_in_utc() -> None:
    moment = datetime(2026, 11, 22, 9, 52, 8, tzinfo=UTC)
    assert to_json({"cost": Decimal("704.20"), "at": moment}) == '{"cost":"704.20","at":"2026-11-22T09:52:08Z"}'


def test_an_answer_that_is_not_json_keeps_its_type() -> None:
    response = to_response(Answer("<Response/>", content_type="application/xml"))
    assert (response.body, response.headers["Content-Type"]) == ("<Response/>", "application/xml")


def test_what_chalice_itself_refuses_gets_an_error_of_our_form(aws: Any) -> None:
    with Client(app) as client:
        refused = client.http.post("/v1/sites/k/number", headers={"Content-Type": "image/png"}, body=b"x")
        wrong = client.http.get("/v1/sites/k/number")
    assert (refused.status_code, json.loads(refused.body)["error"]) == (415, "unsupported_media_type")
    assert (wrong.status_code, json.loads(wrong.body)["error"]) == (405, "method_not_allowed")


def test_a_body_past_the_limit_is_refused(aws: Any) -> None:
    with Client(app) as client:
        answer = client.http.post("/v1/sites/k/number", headers={"Content-Type": "text/plain"}, body=b"x" * 5_600_000)
    assert (answer.status_code, json.loads(answer.body)["error"]) == (413, "too_large")


def test_the_test_clock_is_ignored_where_the_stage_does_not_allow_it(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.core import clock

    headers = {clock.HEADER: "2026-01-01T00:00:00Z"}
    assert clock.of_request(headers, test_clock=True) == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.of_request(headers, test_clock=False).year >= 2026
    assert clock.of_request(headers, test_clock=False) != datetime(2026, 1, 1, tzinfo=UTC)
