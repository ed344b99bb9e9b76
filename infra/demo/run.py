"""The whole service on this machine, against made-up visitors and carriers, and its report against the truth.

python -m infra.demo.run [--seed N] [--days N] [--last-day YYYY-MM-DD]

Ends with 0 when every figure of the report is true, else names each that is not. The same arguments give the same run
to the last figure; what happened is written into run.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.demo import pbx
from infra.demo.compare import differences, read_report, table
from infra.demo.deployed import Deployed
from infra.demo.events import ZONE, Story
from infra.demo.expected import GROUPINGS, Truth, truth_of
from infra.demo.late_changes import Aftermath
from infra.demo.play import Play
from infra.demo.progress import step
from infra.demo.provision import provision
from infra.demo.record import record_of
from infra.demo.scenario import DAYS, SEED, make_story
from infra.demo.screens import photograph_report, visit_site
from infra.demo.service import UnexpectedAnswer
from infra.demo.world import DidNotHappen
from infra.deploy.stack import FAILURES, Stack
from infra.failures import ended_plainly
from infra.local.engine import Options
from infra.setup.bootstrap import ROOT
from infra.setup.browser import BrowserUnavailable

FOLDER = ROOT / "build" / "demo"
LINKED = ("index.html", "report.html", "report.xlsx", "report.json")
CARRIER_THREADS = 4
LONGEST_AGO = timedelta(days=60)  # the queues' tasks live in the present, for which older calls are history


def run(story: Story, folder: Path) -> list[str]:
    """Play it all; every way in which the service differs from the truth."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    truth = truth_of(story)
    # One more than the carriers' threads: the engine counts a request for a moment longer than its caller waits.
    concurrency = str(CARRIER_THREADS + 1)
    # The engine enforces the functions' roles: a right that a task lacks shows here, not in production.
    deploying = Stack.temporary(Options(auth=True), WebhookConcurrency=concurrency, TestSeed=str(story.seed))
    with deploying as stack, pbx.serving() as recordings_url, closing(Deployed(stack)) as world:
        stack.leave_time_to_a_story()
        with step("setting up the shop"):
            shop = provision(world.transport, operators_key(stack), story.opens_at)
        play, after = Play(story, shop, world, CARRIER_THREADS, recordings_url), Aftermath(world, shop, story)
        problems = _play(play, after, world)
        with step("running the scheduled functions"):
            after.run_schedules("CloseDay", "Census", "BuildReport")
            links = after.report()
        with step("downloading the report", len(links)) as progress:
            report = _download(world, links, folder)
            progress.done(len(links))
        (folder / "run.json").write_text(json.dumps(record_of(play, report), ensure_ascii=False, indent=1, default=str))
        with step("visiting the shop's site in a browser"):
            problems += visit_site(stack.base_url, shop.site_key, folder)
            photograph_report(folder / "report.html", folder)
        problems += world.dead_letters()
    problems += differences(truth, report)
    _show(story, truth, report, links, folder)
    return problems


def operators_key(stack: Stack) -> str:
    """Make the first API key, which only who may write the tables can make: by the command line."""
    command = [sys.executable, "-m", "chalicelib", "--stack", stack.target.stack, "provision", "--operator-key"]
    environment = os.environ | stack.environment()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)  # noqa: S603
    if done.returncode != 0:
        raise DidNotHappen(f"no operator's key was made: {done.stderr.strip()}")
    return str(json.loads(done.stdout)["api_key"])


def _play(play: Play, after: Aftermath, world: Deployed) -> list[str]:
    with step("visitors, carriers and the CRM, day by day", play.requests) as progress:
        play.days(progress)
    with step("what is handled later"):
        world.drain()
    with step("dropping files of spend and deals"):
        problems = after.drop_files()
    with step("looking for recordings"):
        problems += after.recordings()
    return play.surprises + problems


def _download(world: Deployed, links: Mapping[str, str], folder: Path) -> dict[str, Any]:
    for name, link in links.items():
        (folder / name).write_bytes(world.fetch(link))
    return read_report((folder / "report.json").read_bytes())


def _show(story: Story, truth: Truth, report: Mapping[str, Any], links: Mapping[str, str], folder: Path) -> None:
    for by in GROUPINGS:
        print()
        print("\n".join(table(truth, report, by)))
    print(f"\ntracking accuracy: truth {truth.accuracy} %, report {report['tracking_accuracy']} %")
    counts = f"{len(story.visits)} visits, {len(story.calls)} calls, {len(story.contacts)} forms, chats and clicks"
    print(f"\n{counts}, {len(story.deals)} deals in {len(story.days)} days; seed {story.seed}")
    print(f"files in {os.path.relpath(folder, ROOT)}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    print("presigned links (they end with the engine of this demo):")
    for name in LINKED:
        print(f"  {name:<12} {links[name]}")


def yesterday() -> date:
    """Return the last whole day of the shop's zone."""
    return datetime.now(UTC).astimezone(ZONE).date() - timedelta(days=1)


def _last_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("not a day such as 2026-11-21") from None
    if not yesterday() - LONGEST_AGO <= day <= yesterday():
        raise argparse.ArgumentTypeError(f"not one of the {LONGEST_AGO.days} days up to yesterday, {yesterday()}")
    return day


def days_of(text: str) -> int:
    """Return a story's length as the command line names it."""
    if not text.isdecimal() or not 1 <= int(text) <= DAYS:
        raise argparse.ArgumentTypeError(f"not a number of days from 1 to {DAYS}")
    return int(text)


def story_of(arguments: list[str] | None = None) -> Story:
    """Return the story that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo.run", description="Play a story, check its report.")
    parser.add_argument("--seed", type=int, default=SEED, help="which story; the same seed makes the same one")
    parser.add_argument("--days", type=days_of, default=DAYS, help=f"how long it is, up to {DAYS}")
    parser.add_argument("--last-day", type=_last_day, default=yesterday(), help="when it ends; yesterday unless said")
    asked = parser.parse_args(arguments)
    return make_story(asked.last_day, asked.seed, asked.days)


def main() -> int:
    """Run the demo; 0 when the report is true."""
    began = time.monotonic()
    story = story_of()
    with ended_plainly("demo", BrowserUnavailable, DidNotHappen, UnexpectedAnswer, *FAILURES):
        problems = run(story, FOLDER)
    print(f"\n{time.monotonic() - began:.0f} s")
    for problem in problems:
        print(f"DIFFERS  {problem}", file=sys.stderr)
    print("The report is true." if not problems else f"{len(problems)} differences.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
