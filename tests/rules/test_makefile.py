from __future__ import annotations

import os
import subprocess

from infra.setup.bootstrap import ROOT

TARGETS = {
    "setup",
    "up",
    "down",
    "demo",
    "demo-seeds",
    "test",
    "test-clock",
    "bench",
    "simulate",
    "check",
    "lock",
    "deploy",
    "docs",
    "clean",
    "help",
}


def test_make_alone_lists_every_target_with_what_it_is_for() -> None:
    # As from a shell: a make above this one would have its directories announced in between.
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.run(["make"], capture_output=True, text=True, check=True, cwd=ROOT, env=outside).stdout
    listed = dict(line.split(maxsplit=2)[1:] for line in shown.splitlines())
    assert set(listed) == TARGETS
    assert all(listed.values())
