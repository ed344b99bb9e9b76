"""Several stories one after the other on engines of their own, and the first one twice: it must be the same run.

python -m infra.demo.seeds [SEED …] [--days N]      each takes minutes; ends with 0 when all are true and the same
"""

from __future__ import annotations

import argparse
import sys
import time

from infra.demo.run import days_of, run, yesterday
from infra.demo.scenario import DAYS, make_story
from infra.demo.service import UnexpectedAnswer
from infra.demo.world import DidNotHappen
from infra.deploy.stack import FAILURES
from infra.failures import ended_plainly
from infra.setup.bootstrap import ROOT
from infra.setup.browser import BrowserUnavailable

FOLDER = ROOT / "build" / "demo-seeds"
SEEDS = (1, 2, 3)


def play_all(seeds: list[int], days: int) -> list[str]:
    """Play each seed, the first one again at the end; a sentence for every difference."""
    problems, last_day = [], yesterday()
    for place, seed in enumerate((*seeds, seeds[0])):
        began = time.monotonic()
        found = run(make_story(last_day, seed, days), FOLDER / str(place))
        print(f"\nseed {seed}: {found or 'true'} after {time.monotonic() - began:.0f} s\n", flush=True)
        problems += [f"seed {seed}: {problem}" for problem in found]
    first, again = (FOLDER / str(place) / "run.json" for place in (0, len(seeds)))
    if first.read_bytes() != again.read_bytes():
        problems.append(f"seed {seeds[0]} was played twice and was not the same: compare {first} and {again}")
    return problems


def main() -> int:
    """Play what the command line names; 0 when every report is true."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo.seeds", description="Play several stories.")
    parser.add_argument("seeds", type=int, nargs="*", default=list(SEEDS), help="which; the first one is played twice")
    parser.add_argument("--days", type=days_of, default=DAYS, help="how long each is")
    asked = parser.parse_args()
    with ended_plainly("demo", BrowserUnavailable, DidNotHappen, UnexpectedAnswer, *FAILURES):
        problems = play_all(asked.seeds, asked.days)
    for problem in problems:
        print(f"DIFFERS  {problem}", file=sys.stderr)
    print(
        "All reports are true, and the same story was the same run."
        if not problems
        else f"{len(problems)} differences."
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
