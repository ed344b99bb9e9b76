"""What the README and docs/ tell people to type is typed here; what they link to is there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
CALLS = [
    {
        "call_id": "1",
        "started_at": "2026-11-02T09:00:00Z",
        "from": "+79160000001",
        "talk_seconds": 60,
        "channel": "SEO",
    },
    {"call_id": "2", "started_at": "2026-11-02T10:00:00Z", "from": "+79160000002", "talk_seconds": 0, "channel": "SEO"},
]
DEALS = "external_id,call_id,outcome_at,status,amount,gross_profit,currency\nA-1,1,2026-11-03,won,9000.00,3000.00,RUB\n"
SPEND = "date,source,medium,channel,currency,cost\n2026-11-02,seo,wages,SEO,RUB,1500.00\n"


def commands() -> Iterator[tuple[str, str]]:
    """(page, command) for each line of each shell block."""
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.splitlines():
                command = line.partition("  #")[0].strip()
                if command:
                    yield str(page.relative_to(ROOT)), command


COMMANDS = sorted(set(commands()))
OURS = [pair for pair in COMMANDS if "-m chalicelib" in pair[1]]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_pages_show_commands() -> None:
    assert {command for page, command in COMMANDS if page == "README.md"} >= {"make demo", "make test"}


@pytest.mark.parametrize(("page", "command"), [pair for pair in COMMANDS if pair[1].startswith("make ")])
def test_every_make_target_that_is_shown_exists(page: str, command: str) -> None:
    assert shlex.split(command)[1] in targets(), page


@pytest.mark.parametrize(("page", "command"), OURS)
def test_every_command_line_that_is_shown_is_understood(page: str, command: str) -> None:
    words = shlex.split(command.replace("…", ""))
    after = words[words.index("chalicelib") + 1 :]
    after = after[2:] if after[0] == "--stack" else after
    path = []
    for word in after:
        if word.startswith("-"):
            break
        path.append(word)
    asked = [word for word in after if word.startswith("--")]
    known = _help(path)
    assert all(word in known for word in asked), f"{page}: {command}"


def _help(path: list[str]) -> str:
    """The help of the longest part of the path that is a command; arguments end it."""
    for length in range(len(path), -1, -1):
        ran = subprocess.run(
            [sys.executable, "-m", "chalicelib", *path[:length], "--help"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        if ran.returncode == 0:
            assert length or not path, f"{' '.join(path)} is no command"
            return ran.stdout
    raise AssertionError("python -m chalicelib --help failed")


def test_the_readmes_report_command_makes_a_report(tmp_path: Path) -> None:
    command = next(command for page, command in OURS if page == "README.md" and " report " in command)
    (tmp_path / "calls.jsonl").write_text("\n".join(json.dumps(call) for call in CALLS))
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "spend.csv").write_text(SPEND)
    words = shlex.split(command)
    words[0] = sys.executable
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert "500" in json.dumps(report["groupings"])  # ROI of 9,000 on 1,500
    assert {path.suffix for path in (tmp_path / "report").iterdir()} >= {".xlsx", ".csv", ".json", ".html"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing, f"{page.name} links to nothing: {missing}"


def test_the_documentation_names_no_place_of_ours() -> None:
    words = ("/work/", "/root/", "localhost:4873", "helper session")
    for page in PAGES:
        assert not [word for word in words if word in page.read_text()], page
