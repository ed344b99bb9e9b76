"""The whole service on this machine, against made-up visitors and carriers, and its report against the truth.

python -m infra.demo.run        ends with 0 when every figure of the report is true, else names each that is not
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.bootstrap import ROOT
from infra.browser import BrowserUnavailable
from infra.demo.aftermath import Aftermath, DidNotHappen, fetch
from infra.demo.compare import differences, read_report, table
from infra.demo.crm import outcome_bodies
from infra.demo.events import ZONE, Story
from infra.demo.play import CARRIER_THREADS, Play
from infra.demo.progress import step
from infra.demo.provision import Shop, provision
from infra.demo.screens import photograph_report, visit_site
from infra.demo.service import UnexpectedAnswer
from infra.demo.story import tell
from infra.demo.truth import GROUPINGS, Truth, truth_of
from infra.deploy import DeployError
from infra.engine import EngineError, Options
from infra.package import PackageError
from infra.stack import Stack

FOLDER = ROOT / "build" / "demo"
LINKED = ("index.html", "report.html", "report.xlsx", "report.json")


def run() -> list[str]:
    """Play it all; every way in which the service differs from the truth."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    story = tell(_yesterday())
    truth = truth_of(story)
    # One more than the carriers' threads: the engine counts a request for a moment longer than its caller waits.
    # The engine enforces the functions' roles: a right that a task lacks shows here, not in production.
    with Stack.temporary(Options(auth=True), WebhookConcurrency=str(CARRIER_THREADS + 1)) as stack:
        with step("setting up the shop"):
            shop = provision(stack.base_url, operators_key(stack))
        problems = _play(story, stack, shop)
        with step("running the scheduled functions"):
            links = Aftermath(stack, shop, story).scheduled()
        with step("downloading the report", len(links)) as progress:
            report = _download(links)
            progress.done(len(links))
        with step("visiting the shop's site in a browser"):
            problems += visit_site(stack.base_url, shop.site_key, FOLDER)
            photograph_report(FOLDER / "report.html", FOLDER)
        problems += Aftermath(stack, shop, story).dead_letters()
    problems += differences(truth, report)
    _show(story, truth, report, links)
    return problems


def operators_key(stack: Stack) -> str:
    """The first API key, which only who may write the tables can make: by the command line."""
    command = [sys.executable, "-m", "chalicelib", "--stack", stack.target.stack, "provision", "--operator-key"]
    environment = os.environ | stack.environment()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)  # noqa: S603
    if done.returncode != 0:
        raise DidNotHappen(f"no operator's key was made: {done.stderr.strip()}")
    return str(json.loads(done.stdout)["api_key"])


def _play(story: Story, stack: Stack, shop: Shop) -> list[str]:
    play, after = Play(story, shop), Aftermath(stack, shop, story)
    with step("visitors and carriers, day by day", play.requests) as progress:
        play.days(progress)
    with step("attributing the calls"):
        after.drain()
    with step("the CRM tells its outcomes", sum(map(len, outcome_bodies(story)))) as progress:
        play.outcomes(progress)
    with step("dropping files of spend and deals"):
        problems = after.drop_files()
    return play.surprises + problems


def _download(links: Mapping[str, str]) -> dict[str, Any]:
    for name, link in links.items():
        (FOLDER / name).write_bytes(fetch(link))
    return read_report((FOLDER / "report.json").read_bytes())


def _show(story: Story, truth: Truth, report: Mapping[str, Any], links: Mapping[str, str]) -> None:
    for by in GROUPINGS:
        print()
        print("\n".join(table(truth, report, by)))
    print(f"\ntracking accuracy: truth {truth.accuracy} %, report {report['tracking_accuracy']} %")
    print(f"\n{len(story.visits)} visits, {len(story.calls)} calls, {len(story.deals)} deals in {len(story.days)} days")
    print(f"files in {_shown(FOLDER)}: {', '.join(sorted(path.name for path in FOLDER.iterdir()))}")
    print("presigned links (they end with the engine of this demo):")
    for name in LINKED:
        print(f"  {name:<12} {links[name]}")


def _yesterday() -> date:
    return datetime.now(UTC).astimezone(ZONE).date() - timedelta(days=1)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def main() -> int:
    """Run the demo; 0 when the report is true."""
    began = time.monotonic()
    try:
        problems = run()
    except (
        BrowserUnavailable,
        DeployError,
        DidNotHappen,
        EngineError,
        OSError,
        PackageError,
        UnexpectedAnswer,
    ) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    print(f"\n{time.monotonic() - began:.0f} s")
    for problem in problems:
        print(f"DIFFERS  {problem}", file=sys.stderr)
    print("The report is true." if not problems else f"{len(problems)} differences.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
