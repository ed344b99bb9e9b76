"""The command line as its user meets it: what is printed, what lands, which code it ends with."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.__main__ import main
from chalicelib.calls.events_table import add_events
from chalicelib.calls.types import CallEvent
from chalicelib.deals import deals_table
from chalicelib.registry import store
from chalicelib.registry.endpoint_token import open_endpoint
from chalicelib.runtime.settings import settings
from tests.factories import NOW, open_site

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "generic"
SITE = "--account Pallets --site pallets.example --time-zone Europe/Moscow --currency RUB --country RU".split()  # noqa: SIM905 - as it is typed
POOL = "--pool main --target-number 84951234567 --overflow-number 84995550100 --hold 300".split()  # noqa: SIM905


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run one command in this process: (exit code, standard output, standard error)."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse's own usage errors
            code = int(ended.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def answer_in(printed: str) -> Any:
    """Return the JSON a command printed, after the log lines of the tasks."""
    return json.loads(printed[printed.index("{\n") :])


def test_help_lists_every_command() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "chalicelib", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    first = ("provision", "numbers", "campaigns", "channel-rules", "pool", "endpoint", "answers")
    for name in (
        *first,
        "calls",
        "import-spend",
        "import-deals",
        "report",
        "explain",
        "verify",
        "replay",
        "erase",
        "export",
        "redrive",
    ):
        assert f"\n    {name}" in listed


def test_what_is_replaced_is_named_by_number_or_by_selector(aws: Any, run: Any) -> None:
    swap = ("--swap", "8 (495) 123-45-67", "--swap", "+7 495 765-43-21", "--swap", "(499) 123-45-67", "--swap", "a.tel")
    code, printed, _ = run("provision", *SITE, *POOL, *swap)

    numbers = [{"number": number} for number in ("+74951234567", "+74957654321", "+74991234567")]
    assert code == 0
    assert answer_in(printed)["replaces"] == [*numbers, {"selector": "a.tel"}]


def test_a_site_is_provisioned_once(aws: Any, run: Any) -> None:
    code, printed, _ = run("provision", *SITE, "--origin", "https://pallets.example", *POOL)
    made = answer_in(printed)
    again = answer_in(run("provision", *SITE, *POOL)[1])

    assert code == 0
    assert store.site(made["site_id"]).allowed_origins == ("https://pallets.example",)  # type: ignore[union-attr]
    assert store.pool(made["site_id"], made["pool_id"]).hold_seconds == 300  # type: ignore[union-attr]
    assert made["api_key"]
    assert again == made | {"api_key": None}


def test_a_plan_may_stand_in_a_file(aws: Any, run: Any, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    site = {"name": "x", "time_zone": "UTC", "currency": "EUR", "country": "DE", "model": "linear"}
    plan.write_text(json.dumps({"account": "A", "site": site}))

    code, printed, _ = run("provision", "--file", plan)

    assert code == 0
    assert store.site(answer_in(printed)["site_id"]).model == "linear"  # type: ignore[union-attr]


def test_the_operators_key_is_made(aws: Any, run: Any) -> None:
    code, printed, _ = run("provision", "--operator-key")

    assert code == 0
    assert store.key_by_secret(answer_in(printed)["api_key"]).account_id is None  # type: ignore[union-attr]


def test_numbers_are_imported_into_a_pool(aws: Any, run: Any, tmp_path: Path) -> None:
    open_site()
    table = tmp_path / "numbers.csv"
    table.write_text("number\n84990000001\nnone\n84990000002\n")

    code, printed, _ = run("numbers", "import", table, "--site", "s1", "--pool", "p1")

    report = answer_in(printed)
    assert (code, report["landed"]) == (0, 2)
    assert [rejected["line"] for rejected in report["rejected"]] == [3]
    assert [number.slot for number in store.numbers_of("s1") if number.pool_id == "p1"][:2] == [0, 1]


def test_a_file_of_which_nothing_can_be_taken_fails(aws: Any, run: Any, tmp_path: Path) -> None:
    open_site()
    table = tmp_path / "numbers.csv"
    table.write_text("number\nnone\n")

    assert run("numbers", "import", table, "--site", "s1", "--pool", "p1")[0] == 1


def test_a_pools_health_is_printed(aws: Any, run: Any) -> None:
    open_site()

    code, printed, _ = run("pool", "health", "--site", "s1", "--pool", "p1", "--days", "7", "--number-price", "150")

    found = answer_in(printed)
    assert (code, found["pool_id"], found["currency"]) == (0, "p1", "RUB")
    assert run("pool", "health", "--site", "s1", "--pool", "p9")[0] == 1
    assert run("pool", "health", "--site", "s1", "--pool", "p1", "--days", "x")[2].startswith("error: days:")


def test_a_pool_is_set_up_how_its_calls_are_put_through(aws: Any, run: Any) -> None:
    made = answer_in(run("provision", *SITE, *POOL)[1])
    which = ("--site", made["site_id"], "--pool", made["pool_id"])
    code, printed, _ = run("pool", "answering", *which, "--whisper", "С сайта", "--language", "ru-RU")
    assert (code, answer_in(printed)["answering"]["whisper"]) == (0, "С сайта")
    code, _, refusal = run("pool", "answering", *which, "--ring-seconds", "500")
    assert code != 0 and "answering.ring_seconds" in refusal
    assert answer_in(run("pool", "answering", *which)[1])["answering"] is None


def test_an_endpoint_is_made_with_a_credential_from_a_file(aws: Any, run: Any, tmp_path: Path) -> None:
    open_site()
    token = tmp_path / "token"
    token.write_text("T0P-SECRET\n")
    options = ("--site", "s1", "--kind", "carrier", "--vendor", "twilio", "--target-number", "84951234567")

    code, printed, _ = run("endpoint", "create", *options, "--credential", f"auth_token=@{token}")

    made = answer_in(printed)
    assert code == 0
    assert "T0P-SECRET" not in printed
    assert open_endpoint(made["url"].rpartition("/")[2], settings().signing_key).vendor == "twilio"  # type: ignore[union-attr]


def test_spend_and_deals_are_imported(aws: Any, run: Any) -> None:
    open_site()

    spend = run("import-spend", FIXTURES / "spend.csv", "--site", "s1")
    deals = run("import-deals", FIXTURES / "outcomes.csv", "--site", "s1")

    assert (spend[0], deals[0]) == (0, 0)
    assert answer_in(spend[1])["landed"] > 0
    assert deals_table.deal("s1", "csv", "A-1001") is not None


def test_dead_letters_are_redriven_by_url(aws: Any, run: Any) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.create_queue(
        QueueName="live",
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})},
    )
    sqs.send_message(QueueUrl=dead, MessageBody="{}")

    code, printed, _ = run("redrive", dead)

    assert (code, answer_in(printed)) == (0, {"redriven": 1})


def test_a_report_is_made_of_plain_files_without_aws(tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    lines = [
        {
            "call_id": f"c{place}",
            "started_at": "2026-11-22T10:00:00Z",
            "caller": f"+7916000000{place}",
            "number": "+74990000001",
            "talk_seconds": 30,
            "channel": "paid_search",
        }
        for place in range(3)
    ]
    calls.write_text("\n".join(json.dumps(line) for line in lines))
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CALLPATH_"))}

    done = subprocess.run(
        [sys.executable, "-m", "chalicelib", "report", "--calls", calls, "--by", "channel", "--out", tmp_path / "out"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=bare,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert {file.suffix for file in (tmp_path / "out").iterdir()} >= {".xlsx", ".csv", ".json", ".html"}
    assert json.loads(done.stdout)["calls"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["numbers", "import", "/nowhere.csv", "--site", "s1"], 2, "error: /nowhere.csv: No such file or directory\n"),
        (["numbers", "import", "/nowhere.csv", "--site", "s9"], 1, "error: There is no site s9.\n"),
        (["provision", "--account", "A"], 2, "error: --account and --site: both are needed"),
        (["provision", *SITE, "--currency", "RUR"], 2, "error: currency: not an ISO 4217 currency in use\n"),
        (["redrive", "attribute"], 2, "error: --stack: name the deployed stack"),
        (["redrive", "everything"], 2, "error: QUEUE: not one of attribute"),
        (["--stack", "callpath-none", "provision", "--operator-key"], 1, "error: There is no stack callpath-none.\n"),
        (["report", "--calls", "/nowhere.jsonl"], 2, "error: "),
        (["explode"], 2, "usage: "),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_code(
    aws: Any, run: Any, arguments: list[str], code: int, sentence: str
) -> None:
    open_site()

    ended, _, refusal = run(*arguments)

    assert ended == code
    assert refusal.startswith(sentence)
    assert "Traceback" not in refusal


def test_without_a_stack_or_settings_it_says_what_to_name(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLPATH_DIRECTORY_TABLE")
    code, _, refusal = run("provision", "--operator-key")

    assert code == 2
    assert refusal == "error: --stack: name the deployed stack, or set the CALLPATH_* environment\n"


def test_a_dead_engine_is_one_sentence(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CALLPATH_DIRECTORY_TABLE", "t")

    code, _, refusal = run("numbers", "import", __file__, "--site", "s1")

    assert (code, refusal) == (1, "error: The storage did not answer. Try again.\n")


def test_campaigns_are_imported_listed_and_archived(aws: Any, run: Any, tmp_path: Path) -> None:
    open_site()
    table = tmp_path / "campaigns.csv"
    table.write_text("name,channel,yandex_direct\nБренд,контекст,592928737383\n,,1\n")

    code, printed, _ = run("campaigns", "import", table, "--site", "s1", "--recompute-days", "2")
    report = answer_in(printed)
    assert (code, report["landed"], report["recomputed"]["days"]) == (0, 1, 2)
    assert [(one["line"], one["field"]) for one in report["rejected"]] == [(3, "name")]
    (listed,) = answer_in(run("campaigns", "list", "--site", "s1")[1])["campaigns"]
    assert listed["platform_ids"] == {"yandex_direct": ["592928737383"]}
    archived = answer_in(run("campaigns", "archive", listed["campaign_id"], "--site", "s1")[1])
    assert archived["archived"] and archived["ends_on"]
    assert run("campaigns", "archive", "c9", "--site", "s1")[0] == 1
    assert run("campaigns", "import", table, "--site", "s1", "--recompute-days", "-1")[0] == 2


def test_channel_rules_are_set_shown_and_tried(aws: Any, run: Any, tmp_path: Path) -> None:
    open_site()
    rules, link = tmp_path / "rules.json", "https://pallets.example/?utm_source=a&utm_medium=cpa"
    rules.write_text('[{"when": [{"part": "medium", "value": "cpa"}], "channel": "партнёры"}]')

    assert answer_in(run("channel-rules", "set", rules, "--account", "acc1")[1])["version"] == 1
    assert answer_in(run("channel-rules", "show", "--account", "acc1")[1])["rules"][0]["channel"] == "партнёры"
    for about in (["--account", "acc1"], ["--site", "s1"], ["--file", rules]):
        assert answer_in(run("channel-rules", "test", link, *about)[1])["source"]["channel"] == "партнёры"
    rules.write_text('{"rules": [{"when": [], "channel": "x"}]}')
    code, _, complaint = run("channel-rules", "set", rules, "--account", "acc1")
    assert (code, "rules[0].when" in complaint) == (2, True)


def test_answers_are_noted_and_read(aws: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_site()
    add_events("s1", "generic-1", ("generic", "e1"), [CallEvent("e", "generic-1", at=NOW)], NOW)
    noted = answer_in(run("answers", "note", "generic-1", "кум сказал", "--site", "s1")[1])["self_reported"]
    assert (noted["answer"], noted["channel"]) == ("кум сказал", "other: кум сказал")
    rules = tmp_path / "rules.json"
    rules.write_text('[{"channel": "word of mouth", "phrases": ["кум*"]}]')
    assert answer_in(run("answers", "set", rules, "--account", "acc1")[1])["version"] == 1
    shown = answer_in(run("answers", "show", "--account", "acc1")[1])
    assert shown["rules"] == [{"channel": "word_of_mouth", "phrases": ["кум*"]}]
    assert answer_in(run("answers", "test", "Кума!", "--account", "acc1")[1])["channel"] == "word_of_mouth"
    monkeypatch.setattr("sys.stdin", io.StringIO("кума\n"))
    noted = answer_in(run("answers", "note", "generic-1", "-", "--site", "s1")[1])["self_reported"]
    assert (noted["answer"], noted["channel"]) == ("кума", "word_of_mouth")
    assert run("answers", "note", "generic-9", "кума", "--site", "s1")[0] == 1
    rules.write_text('{"rules": [{"channel": "x", "phrases": ["*"]}]}')
    code, _, complaint = run("answers", "set", rules, "--account", "acc1")
    assert (code, "rules[0].phrases[0]" in complaint) == (2, True)


def test_an_answer_is_tried_without_any_stack(run: Any) -> None:
    code, printed, _ = run("answers", "test", "Яндекс.Карты")
    assert (code, answer_in(printed)) == (0, {"answer": "яндекс.карты", "channel": "maps"})


def test_a_link_is_tried_without_any_stack(run: Any) -> None:
    code, printed, _ = run("channel-rules", "test", "https://shop.example/?yclid=1", "--referrer", "https://ya.ru/")
    answer = answer_in(printed)
    assert (code, answer["source"]["channel"]) == (0, "paid_search")
    assert answer["why"] == "No rule of the account fits, so the built-in rules decide by the link's click id."


def test_a_report_of_plain_files_takes_rules_too(run: Any, tmp_path: Path) -> None:
    calls, rules = tmp_path / "calls.jsonl", tmp_path / "rules.json"
    calls.write_text('{"started_at": "2026-11-03T10:00:00Z", "source": "a", "medium": "cpa"}')
    rules.write_text('[{"when": [{"part": "medium", "value": "cpa"}], "channel": "партнёры"}]')
    assert run("report", "--calls", calls, "--rules", rules, "--out", tmp_path / "out")[0] == 0
    assert "партнёры" in (tmp_path / "out" / "report.csv").read_text("utf-8-sig")
    rules.write_text('[{"when": [{"part": "mood", "value": "x"}], "channel": "x"}]')
    code, _, complaint = run("report", "--calls", calls, "--rules", rules, "--out", tmp_path / "out")
    assert (code, "rules[0].when[0].part" in complaint) == (2, True)


def test_a_history_of_calls_is_imported_once(aws: Any, run: Any, tmp_path: Path) -> None:
    open_site()
    history = tmp_path / "history.csv"
    history.write_text("call_id;started_at;from;to;talk_sec\n1;22.11.2026 12:00;+79160000001;+74990000001;5\n2;;;;\n")
    arguments = ("calls", "import", "--site", "s1", "--vendor", "generic", str(history))
    code, printed, _ = run(*arguments)
    answer = answer_in(printed)
    assert (code, answer["landed"], answer["rejected"][0]["field"]) == (0, 1, "started_at")
    code, printed, _ = run(*arguments, "--time-zone", "Europe/Moscow")
    assert (code, answer_in(printed)["unchanged"]) == (0, 1)
    assert run(*arguments, "--time-zone", "Mars")[0] == 2
