from __future__ import annotations

import subprocess

from infra.bootstrap import ROOT

TARGETS = {"setup", "up", "down", "demo", "test", "bench", "check", "lock", "deploy", "docs", "clean", "help"}


def test_make_alone_lists_every_target_with_what_it_is_for() -> None:
    shown = subprocess.run(["make"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    listed = dict(line.split(maxsplit=2)[1:] for line in shown.splitlines())
    assert set(listed) == TARGETS
    assert all(listed.values())
