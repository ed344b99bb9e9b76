"""Everything that README.md and docs/ ask people to type is typed here, in reading order, on a fresh stack.

A command is run as it is written, but for its placeholders (words in capitals), from a folder that looks like a clone.
SAYS holds what its page says it prints, and learns the ids that later commands name. What is not run is in NOT_RUN with
the reason. HTML is opened in a browser.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Page

from chalicelib.attribution.explanation import Chapter
from infra.demo.play import BROWSER
from infra.local.engine import CREDENTIALS, DEFAULT_PORT, Engine
from infra.setup import browser
from tests.docs.pages import ROOT, blocks, commands_in, filled, name_of, pages, placeholders, request_of
from tests.rules.test_openapi import SPEC, check, resolved, template_of

NOT_RUN = {
    "-m infra.log_page": "writes a page that another test holds current",
    "make demo": "runs for minutes; tests/infra/demo has its story",
    "make demo-seeds": "runs for many minutes; tests/infra/demo plays the same stories in process",
    "make test": "is this very run",
    "make up": "takes the machine's ports 4566 and 8080",
    "make down": "stops what `make up` started",
    "make bench": "runs for minutes",
    "make simulate": "runs for minutes",
    "redrive": "needs a call of SQS that the local engine does not have; tests/runtime/test_dead_letters.py has it",
    "aws logs": "needs the AWS command line, which is no part of the project",
}
# What a reader has from elsewhere. All other placeholders were printed by an earlier command: see SAYS.
READERS_OWN = {
    "AUTH_TOKEN": "a-token-of-twilio",
    "MANGO_KEY": "a-key-of-mango",
    "BOT_TOKEN": "123456:a-token-of-telegrams-bot",
    "SECRET": "a-secret-of-the-shop",
}
LEARNED = (
    *("BASE_URL", "ACCOUNT_ID", "SITE_ID", "SITE_KEY", "POOL_ID", "API_KEY", "ENDPOINT_ID", "TWILIO_URL", "MANGO_URL"),
    *("VISITOR_ID", "CALL_ID", "CAMPAIGN_ID"),
)
NO_PLACEHOLDERS = {"POST", "PATCH", "RUB", "RU"}
READERS_FILES = {"old-salt.txt": "yesterday's salt\n", "salt.txt": "a salt of mango\n", "outage.json": '{"events": []}'}
TYPED = {"--phone -": "+79160000001\n"}  # on standard input
JSON_BODIES = {  # page → the request that its block is the body of, and the file that holds the same
    "docs/campaigns.md": ("PUT", "/v1/manage/channel-rules", "docs/examples/channel-rules.json"),
    "docs/self-reported.md": ("PUT", "/v1/manage/answer-rules", "docs/examples/answer-rules.json"),
}

TARGET, POOLS_OWN = "+74951234567", [f"+7499000000{place}" for place in range(1, 6)]
HEAD = '<!doctype html><meta charset="utf-8"><title>Shop</title>'
ARRIVAL = "https://shop.example/?utm_source=yandex&utm_medium=cpc&utm_campaign=brand"
PATIENCE = 300  # seconds after which what never comes is given up: nothing here may rest on how fast a machine is

Learned = dict[str, str]


@dataclass
class Step:
    """A command or an HTML block, and how it went."""

    page: str
    language: str
    text: str
    code: int | None = None
    out: str = ""
    err: str = ""
    failure: BaseException | None = None

    @property
    def name(self) -> str:
        return name_of(self.text) if self.language == "sh" else f"the page of {self.page}"

    @property
    def answer(self) -> Any:
        """The JSON it printed: of our commands the part that begins with a line of its own, behind lines of the log."""
        begun = re.search(r"^\{$", self.out, re.MULTILINE)
        return json.loads(self.out[begun.start() if begun else 0 :])


def _steps() -> Iterator[Step]:
    for block in blocks():
        texts = commands_in(block.text) if block.language == "sh" else [block.text]
        yield from (Step(block.page, block.language, text) for text in texts if block.language in ("sh", "html"))


STEPS = list(_steps())
RUN = [step for step in STEPS if step.name not in NOT_RUN]
PAGE = next(step for step in STEPS if step.language == "html")  # what the README has put on each page of the site
COMMANDS = [step for step in STEPS if step.language == "sh"]


@dataclass
class Newcomer:
    """Somebody in front of a fresh clone and an AWS account that nothing was deployed to."""

    folder: Path
    engine: Engine
    known: Learned = field(default_factory=lambda: dict(READERS_OWN))

    def run(self, step: Step) -> None:
        """Do one step and learn from what it prints; what is wrong about it is noted with it."""
        try:
            if step.language == "html":
                self.known |= SAYS[step.name](self, step)
                return
            command = filled(step.text, self.known)
            typed = next((text for argument, text in TYPED.items() if argument in command), "")
            ran = subprocess.run(
                ["bash", "-euc", command],
                cwd=self.folder,
                env=self.variables(),
                input=typed,
                capture_output=True,
                text=True,
                check=False,
            )
            step.code, step.out, step.err = ran.returncode, ran.stdout, ran.stderr
            if step.name not in JUDGED_BY_THEMSELVES:
                assert step.code == 0, f"ended with {step.code}\n{step.out[-2000:]}\n{step.err[-2000:]}"
            self.known |= SAYS[step.name](self, step) or {}
        except Exception as failure:  # noqa: BLE001 - each of its tests reports what the set-up raises
            step.failure = failure

    def variables(self) -> dict[str, str]:
        """Return the environment of the shell: nothing of the tests', and AWS is the engine."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"PYTHONIOENCODING": "utf-8"} | self.engine.aws_environment()

    def attributed(self, call_id: str) -> Any:
        """Return the call as the manage API shows it, once attribution has come to it."""
        url = f"{self.known['BASE_URL']}/v1/manage/sites/{self.known['SITE_ID']}/calls/{call_id}"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.known['API_KEY']}"})
        until = time.monotonic() + PATIENCE
        while True:
            with urllib.request.urlopen(asked) as answer:
                call = json.load(answer)
            if call["evidence"]:
                return call
            assert time.monotonic() < until, "the call was never attributed"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All steps, done in reading order by one newcomer."""
    folder = tmp_path_factory.mktemp("clone")
    for entry in ROOT.iterdir():
        if entry.name not in ("build", ".git"):
            (folder / entry.name).symlink_to(entry)
    for name, text in READERS_FILES.items():
        (folder / name).write_text(text)
    with Engine.temporary() as engine:
        newcomer = Newcomer(folder, engine)
        for step in RUN:
            newcomer.run(step)


def _title(step: Step) -> str:
    return f"{step.page}: {step.name}"


@pytest.mark.engine
@pytest.mark.browser
@pytest.mark.parametrize("step", RUN, ids=_title)
def test_it_does_what_the_page_says(followed: None, step: Step) -> None:
    if step.failure:
        raise step.failure


def test_every_command_is_run_or_not_run_for_a_reason() -> None:
    """A sentence may name a command, too; how it is typed is shown in a block."""
    shown = {step.name for step in STEPS}
    assert shown - SAYS.keys() - NOT_RUN.keys() == set(), "nothing says what these print, nor why they are not run"
    assert _named_in_sentences() - SAYS.keys() - NOT_RUN.keys() == set(), "no block shows how these are typed"
    assert SAYS.keys() - shown == set(), "no page has these any more"
    assert NOT_RUN.keys() - shown - _named_in_sentences() == set(), "no page has these any more"


def _named_in_sentences() -> set[str]:
    prose = (re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE) for page in pages())
    typed = r"`((?:\.venv/bin/)?(?:python|make|curl|aws) [^`]+)`"
    return {name_of(" ".join(command.split())) for text in prose for command in re.findall(typed, text)} - {""}


def test_every_placeholder_is_known_and_every_known_one_is_used() -> None:
    used = set().union(*(placeholders(step.text) for step in STEPS))
    assert used == {*READERS_OWN, *LEARNED, *NO_PLACEHOLDERS}
    assert [step.text for step in STEPS if "…" in step.text] == [], "a dash nobody can type"
    text = "\n".join(step.text for step in STEPS)
    assert [name for name in (*READERS_FILES, *TYPED) if name not in text] == []


def test_every_file_a_command_reads_is_in_the_clone_or_the_readers_own() -> None:
    named = {path for step in COMMANDS for path in re.findall(r"docs/examples/[\w./-]+", step.text)}
    missing = [path for path in named if not (ROOT / path).exists()]
    unused = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "examples").iterdir()} - named
    assert (missing, unused) == ([], set())


def test_every_block_says_what_it_is_in() -> None:
    languages = {block.language for block in blocks()}
    assert languages <= {"sh", "html", "json", "mermaid", "text"}, "a command must not hide in a block without a name"


def test_every_page_is_read() -> None:
    assert set(pages()) == {ROOT / "README.md", *(ROOT / "docs").glob("*.md")}, "the README links to every page"


def test_every_html_block_is_whole() -> None:
    for block in blocks():
        if block.language == "html":
            reader = _Elements()
            reader.feed(block.text)
            assert reader.open == [] and reader.found, block.page


class _Elements(HTMLParser):
    """The elements of a piece of HTML; those that were not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


# ---- requests, against the description of the API


def _body_of(method: str, path: str) -> Any:
    """Return the schema of a request's JSON body."""
    content = resolved(_operation(method, path)["requestBody"])["content"]
    return content["application/json"]["schema"]


def _operation(method: str, path: str) -> Any:
    return SPEC["paths"][template_of(re.sub(r"\b[A-Z_]{2,}\b", "x", path))][method.lower()]


@pytest.mark.parametrize("step", [step for step in COMMANDS if step.text.startswith("curl")], ids=_title)
def test_a_request_and_its_answer_are_as_the_api_is_described(followed: None, step: Step) -> None:
    method, path, body = request_of(step.text)
    if body is not None:
        check(_body_of(method, path), json.loads(body))
    answers = _operation(method, path)["responses"]
    (taken,) = [resolved(answer) for status, answer in answers.items() if status.startswith("2")]
    check(taken["content"]["application/json"]["schema"], step.answer)


def test_a_json_block_is_the_body_of_a_request_and_what_the_example_holds() -> None:
    found = {block.page: json.loads(block.text) for block in blocks() if block.language == "json"}
    assert found.keys() == JSON_BODIES.keys()
    assert len([block for block in blocks() if block.language == "json"]) == len(found)
    for page, body in found.items():
        method, path, example = JSON_BODIES[page]
        check(_body_of(method, path), body)
        assert json.loads((ROOT / example).read_text()) == body


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in pages()])
def test_requests_in_sentences_are_as_the_api_is_described(page: str) -> None:
    text = " ".join((ROOT / page).read_text().split())
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/(?:manage|sites)/[^`?…]+)[^`]*`", text):
        assert method.lower() in SPEC["paths"][path], f"{page}: {method} {path}"
    for method, path, body in re.findall(
        r"`(POST|PUT|PATCH) (/v1/(?:manage|sites)/[^`?…]+)[^`]*` with `(\{[^`]+\})`", text
    ):
        check(_body_of(method, path), json.loads(re.sub(r"…", '"x"', body)))


# ---- what each command says


def _json(*names: str) -> Callable[[Newcomer, Step], None]:
    """Check that it prints JSON with these fields."""

    def checked(_: Newcomer, step: Step) -> None:
        assert set(names) <= step.answer.keys()

    return checked


def _help(_: Newcomer, step: Step) -> None:
    assert "usage: python -m chalicelib" in step.out and "--stack" in step.out


def _deployed(newcomer: Newcomer, step: Step) -> Learned:
    (base,) = re.findall(r"callpath-prod answers at (\S+)/v1/health", step.out)
    with urllib.request.urlopen(f"{base}/v1/health") as answer:
        assert answer.status == 200
    return {"BASE_URL": base}


def _deployed_with_parameters(newcomer: Newcomer, step: Step) -> Learned:
    cloudformation = boto3.client("cloudformation", endpoint_url=newcomer.engine.url, **CREDENTIALS)
    parameters = cloudformation.describe_stacks(StackName="callpath-prod")["Stacks"][0]["Parameters"]
    given = {row["ParameterKey"]: row["ParameterValue"] for row in parameters}
    assert (given["AlertSender"], given["LinkSeconds"]) == ("calls@shop.example", "86400")
    return _deployed(newcomer, step)


def _exported(newcomer: Newcomer, step: Step) -> None:
    """Check that the variables are those of the engine that `make up` starts."""
    exported = dict(word.split("=", 1) for word in step.text.split()[1:])
    engine = Engine(DEFAULT_PORT, 0, Path(), Path()).aws_environment()
    needed = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
    assert exported.keys() >= needed and exported.items() <= engine.items()


def _provisioned(newcomer: Newcomer, step: Step) -> Learned | None:
    if "--help" in step.text:
        assert "--swap" in step.out and "--target-number" in step.out
        return None
    made = step.answer
    assert made["replaces"] == [{"number": TARGET}]
    assert made["missing"] == ["The pool main has no numbers to lend: import some."]
    assert (
        made["snippet"]
        == f'<script async src="{newcomer.known["BASE_URL"]}/v1/sites/{made["site_key"]}/snippet.js"></script>'
    )
    return {name.upper(): made[name] for name in ("account_id", "site_id", "site_key", "pool_id", "api_key")}


def _numbers_imported(_: Newcomer, step: Step) -> None:
    assert (step.answer["landed"], step.answer["rejected"]) == (len(POOLS_OWN), [])


def _endpoint_made(newcomer: Newcomer, step: Step) -> Learned:
    made = step.answer
    assert made["url"].startswith(f"{newcomer.known['BASE_URL']}/v1/carriers/{made['vendor']}/")
    return {f"{made['vendor'].upper()}_URL": made["url"], "ENDPOINT_ID": made["endpoint_id"]}


def _endpoint_renewed(newcomer: Newcomer, step: Step) -> None:
    assert step.answer["endpoint_id"] == newcomer.known["ENDPOINT_ID"]
    assert "url" not in step.answer


def _reported(newcomer: Newcomer, step: Step) -> None:
    assert (step.answer["calls"], step.answer["deals"], step.answer["rejected"]) == (5, 3, [])
    folder = newcomer.folder / "build" / "report"
    assert {"report.xlsx", "report.csv", "report.json", "report.html", "rejected.json"} <= {
        each.name for each in folder.iterdir()
    }
    rows = json.loads((folder / "report.json").read_text())["groupings"]["channel"]["rows"]
    assert {row["channel"]: (row["calls"], row["revenue"]) for row in rows if row["revenue"]} == {
        "paid_search": (2, 9000),
        "paid_social": (1, 15000),
    }


def _simulated(newcomer: Newcomer, step: Step) -> Learned:
    call = step.answer
    assert {answer["status"] for answer in call["answers"]} == {200}
    newcomer.attributed(call["call_id"])
    if "--outcome" in step.text or "--outgoing" in step.text:
        return {}
    assert TARGET in json.dumps(call["answers"]), "the first answer forwards the call"
    return {"CALL_ID": call["call_id"]}


def _carrier_checked(_: Newcomer, step: Step) -> None:
    """Ready, but perhaps for how soon it answers: that is the machine's."""
    wrong = [each["check"] for each in step.answer["checks"] if each["ok"] is False]
    assert set(wrong) <= {"it answers in time"}
    assert step.code == (1 if wrong else 0)


def _calls_listed(newcomer: Newcomer, step: Step) -> None:
    call = newcomer.attributed(newcomer.known["CALL_ID"])
    if call["day"] == step.answer["day"]:  # else midnight was between them
        assert call["call_id"] in [each["call_id"] for each in step.answer["calls"]]


def _calls_imported(_: Newcomer, step: Step) -> None:
    assert (step.answer["landed"], step.answer["calls"], step.answer["rejected"]) == (2, 2, [])


def _site_shown(newcomer: Newcomer, step: Step) -> None:
    assert step.answer["site_id"] == newcomer.known["SITE_ID"]


def _site_changed(newcomer: Newcomer, step: Step) -> None:
    _site_shown(newcomer, step)
    for name, value in json.loads(request_of(step.text)[2] or "").items():
        assert len(step.answer[name]) == len(value)
        if name == "swap":
            assert step.answer["swap"][0]["number"] == TARGET
    assert "a-token-of-telegram" not in step.out and "a-secret-of-the-shop" not in step.out


def _landed(_: Newcomer, step: Step) -> None:
    assert step.answer["landed"] > 0 and step.answer["rejected"] == []


def _pool_answering(newcomer: Newcomer, step: Step) -> None:
    assert (step.answer["pool_id"], step.answer["answering"]["ring_seconds"]) == (newcomer.known["POOL_ID"], 20)


def _channel_tested(_: Newcomer, step: Step) -> None:
    assert step.answer["source"]["channel"] == ("offline" if "leaflet" in step.text else "paid_search")


def _recorded(_: Newcomer, step: Step) -> None:
    assert step.answer == {"recorded": True}


def _rules(_: Newcomer, step: Step) -> None:
    assert [rule["channel"] for rule in step.answer["rules"]] == ["Партнёры", "Обзоры", "offline", "direct"]


def _answer_tested(_: Newcomer, step: Step) -> None:
    assert step.answer["channel"] == "maps"


def _answer_noted(newcomer: Newcomer, step: Step) -> None:
    assert "знакомые посоветовали" in step.out and "word_of_mouth" in step.out


def _self_reported_rules(_: Newcomer, step: Step) -> None:
    assert [rule["channel"] for rule in step.answer["rules"]] == ["offline", "Партнёры"]


def _campaigns_listed(_: Newcomer, step: Step) -> Learned:
    names = {each["name"]: each["campaign_id"] for each in step.answer["campaigns"]}
    assert names.keys() == {"Brand", "Billboard on the ring road"}
    return {"CAMPAIGN_ID": names["Billboard on the ring road"]}


def _campaign_archived(newcomer: Newcomer, step: Step) -> None:
    assert (step.answer["campaign_id"], step.answer["archived"]) == (newcomer.known["CAMPAIGN_ID"], True)


def _deal(newcomer: Newcomer, step: Step) -> None:
    """Check that what a person decides counts until it is left to the rules again."""
    assert step.answer["external_id"] == "A-1"
    if "unjoin" in step.text:
        assert (step.answer["call_id"], step.answer["says"][:23]) == (None, "A person took it apart ")
    elif "--call" in step.text:
        assert step.answer["call_id"] == newcomer.known["CALL_ID"]
        assert "a person said so" in step.answer["says"]
    else:
        assert step.answer["says"] and "person" not in step.answer["says"]


def _explained(newcomer: Newcomer, step: Step) -> None:
    assert Chapter.WEBHOOKS in step.out and "+74990000001" in step.out
    assert "79160000001" not in step.out, "callers are masked"


def _verified(_: Newcomer, step: Step) -> None:
    assert step.answer["findings"] == [] and "chain_head" in step.answer


def _erased(_: Newcomer, step: Step) -> None:
    assert step.answer["complete"] is True
    assert "+79160000001" not in step.out


def _telnyx_pair(_: Newcomer, step: Step) -> None:
    private, public = step.out.split()
    assert len(private) == len(public) == 44


def _opened(newcomer: Newcomer, step: Step) -> Learned:
    """Open a page with this block and the README's in a browser: it shows a number of the pool."""
    body = filled(
        "".join(each.text for each in STEPS if each.language == "html" and each in (PAGE, step)), newcomer.known
    )
    with browser.launched() as chromium:
        page = chromium.new_context(user_agent=BROWSER).new_page()  # a headless browser says so, and is lent no number
        page.set_default_timeout(PATIENCE * 1000)
        page.route("https://shop.example/**", lambda route: route.fulfill(content_type="text/html", body=HEAD + body))
        # A page of the internet may not ask this machine: the browser's requests reach the engine by way of the test.
        answered = f"{newcomer.known['BASE_URL']}/**"
        page.route(answered, lambda route: route.fulfill(response=route.fetch(timeout=0)))
        page.goto(ARRIVAL)
        page.wait_for_function("() => window.callpath && window.callpath.number()")
        lent = page.evaluate("() => window.callpath.number()")
        link = page.locator("a[href^=tel]")
        assert lent in POOLS_OWN
        assert link.get_attribute("href") == f"tel:{lent}"
        assert link.inner_text() == f"{lent[:2]} {lent[2:5]} {lent[5:8]}-{lent[8:10]}-{lent[10:]}"
        if step is not PAGE:
            _shows_a_code(page)
        return {"VISITOR_ID": str(page.evaluate("() => window.callpath.visitor()"))}


def _shows_a_code(page: Page) -> None:
    """Open the page. It asks once, for four seconds: a slower machine shows the code when it is opened again."""
    until = time.monotonic() + PATIENCE
    while not re.fullmatch(r"\d{3} \d{4}", page.locator("[data-callpath-promo]").inner_text()):
        assert time.monotonic() < until, "no code was ever shown"
        with page.expect_response("**/promo"):
            page.reload()
        page.wait_for_timeout(200)


JUDGED_BY_THEMSELVES = {"carriers check"}  # whose exit code is part of what they say
SITE = "/v1/manage/sites/SITE_ID"
SAYS: dict[str, Callable[[Newcomer, Step], Any]] = {
    "the page of README.md": _opened,
    "the page of docs/promo-codes.md": _opened,
    "--help": _help,
    "make deploy": _deployed,
    "-m infra.deploy.stack": _deployed_with_parameters,
    "the shell's export": _exported,
    "provision": _provisioned,
    "numbers import": _numbers_imported,
    "endpoint create": _endpoint_made,
    "endpoint credentials": _endpoint_renewed,
    "report": _reported,
    "import-spend": _landed,
    "import-deals": _landed,
    "recover": _json("recovered"),
    "carriers simulate": _simulated,
    "carriers check": _carrier_checked,
    "calls import": _calls_imported,
    "-c": _telnyx_pair,
    "pool health": _json("use"),
    "pool answering": _pool_answering,
    "channel-rules test": _channel_tested,
    "channel-rules set": _rules,
    "channel-rules show": _rules,
    "campaigns import": _landed,
    "campaigns list": _campaigns_listed,
    "campaigns archive": _campaign_archived,
    "answers note": _answer_noted,
    "answers test": _answer_tested,
    "answers set": _self_reported_rules,
    "answers show": _self_reported_rules,
    "deal show": _deal,
    "deal unjoin": _deal,
    "deal join": _deal,
    "explain": _explained,
    "verify": _verified,
    "erase": _erased,
    "export": _json("calls"),
    f"GET {SITE}": _site_shown,
    f"PATCH {SITE}": _site_changed,
    f"GET {SITE}/calls": _calls_listed,
    "POST /v1/sites/SITE_KEY/events": _recorded,
}
