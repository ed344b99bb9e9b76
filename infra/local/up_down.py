"""The whole service on this machine, kept running: the engine, the stack, and a demo shop whose site lends numbers.

python -m infra.local.up_down up [--port N] [--site-port N]   quick the second time; what runs already is updated
python -m infra.local.up_down down [--port N] [--keep]        --keep (or KEEP=1) keeps the data for the next time

Each port has its own engine, data and site: several can run side by side.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from infra.demo.provision import provision
from infra.demo.run import operators_key
from infra.demo.service import Http, UnexpectedAnswer
from infra.demo.world import DidNotHappen
from infra.deploy.package import build
from infra.deploy.stack import FAILURES, Stack, deploy_locally, say
from infra.failures import ended_plainly
from infra.local import engine
from infra.local.engine import DEFAULT_PORT, EngineError
from infra.setup.bootstrap import ROOT
from infra.setup.ports import command_of, is_taken

SITE_PORT = 8080  # or the next free one


@dataclass(frozen=True, slots=True)
class Place:
    """What belongs to the engine of one port."""

    port: int

    @property
    def state(self) -> Path:
        """The engine's data, kept and forgotten together with the shop's keys."""
        return ROOT / "build" / "state" / str(self.port)

    @property
    def shop(self) -> Path:
        return self.state / "shop.json"

    @property
    def log(self) -> Path:
        return engine.FOLDER / f"{self.port}.log"

    @property
    def site_process(self) -> Path:
        return engine.FOLDER / f"site-{self.port}.pid"


def up(port: int, site_port: int | None = None) -> tuple[Stack, str]:
    """Start or update everything; the stack and the address of the demo shop's site.

    Where it fails or is interrupted, what it has started is stopped again.
    """
    place = Place(port)
    if site_port and is_taken(site_port) and not place.site_process.exists():
        raise EngineError(f"Port {site_port} is taken; choose another one for the site.")
    say("packaging")
    package = build()
    running, had_state = engine.status(port), place.state.exists()
    try:
        if running is None:
            say(f"starting the local engine on port {port}")
        stack = deploy_locally(running or engine.start(port, state_dir=place.state), package, parameters={})
        say("opening the demo shop")
        return stack, _serve_site(place, stack, _shop_key(place, stack), site_port)
    except BaseException:
        if running is None:
            _stop_site(place)
            engine.stop(port)
            place.log.unlink(missing_ok=True)
            if not had_state:
                shutil.rmtree(place.state, ignore_errors=True)
        raise


def down(port: int, *, keep: bool) -> None:
    """Stop the site and the engine; forget the data unless asked to keep it."""
    place = Place(port)
    _stop_site(place)
    stopped = engine.stop(port)
    if not keep:
        shutil.rmtree(place.state, ignore_errors=True)
        place.log.unlink(missing_ok=True)
    kept = "its data is kept for the next `make up`" if keep else "its data is gone"
    say(f"stopped; {kept}" if stopped else "nothing was running")


def _shop_key(place: Place, stack: Stack) -> str:
    """Return the demo shop's site key: of the shop opened before, if the service still knows it."""
    if place.shop.exists():
        key = str(json.loads(place.shop.read_text())["site_key"])
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{stack.base_url}/v1/sites/{key}/snippet.js"):  # noqa: S310
            return key
    operator = operators_key(stack)
    with contextlib.closing(Http(stack.base_url)) as service:
        shop = provision(service, operator)
    kept = {
        "site_id": shop.site_id,
        "site_key": shop.site_key,
        "endpoints": dict(shop.endpoints),
        "operator_key": operator,
    }
    place.shop.write_text(json.dumps(kept, indent=1))
    place.shop.chmod(0o600)
    return shop.site_key


def _serve_site(place: Place, stack: Stack, site_key: str, asked_port: int | None) -> str:
    _stop_site(place)
    port = asked_port or next(port for port in range(SITE_PORT, SITE_PORT + 50) if not is_taken(port))
    command = [sys.executable, "-m", "infra.demo.site_server", "--base-url", stack.base_url]
    command += ["--site-key", site_key, "--port", str(port)]
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(command, cwd=ROOT, stdout=nowhere, stderr=nowhere, start_new_session=True)  # noqa: S603
    place.site_process.write_text(str(process.pid))
    while not is_taken(port):
        if process.poll() is not None:
            raise EngineError(f"The demo site could not be served on port {port}.")
        time.sleep(0.05)
    return f"http://localhost:{port}/"


def _stop_site(place: Place) -> None:
    if place.site_process.exists():
        pid = int(place.site_process.read_text())
        if "infra.demo.site_server" in (command_of(pid) or ""):
            os.kill(pid, signal.SIGTERM)
            while command_of(pid):  # its port is free again only once it has ended
                time.sleep(0.02)
        place.site_process.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.up_down", description="The service on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start the engine, deploy to it, open the demo shop")
    stop = commands.add_parser("down", help="stop them")
    for command in (start, stop):
        command.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the engine")
    start.add_argument("--site-port", type=int, help=f"of the demo shop's site; the first free one from {SITE_PORT} on")
    stop.add_argument("--keep", action="store_true", default=bool(os.environ.get("KEEP")), help="keep the data")
    return parser.parse_args()


def main() -> None:
    """Run one command; a failure is one sentence and exit code 1."""
    asked = _arguments()
    with ended_plainly(asked.command, DidNotHappen, UnexpectedAnswer, *FAILURES):
        if asked.command == "down":
            down(asked.port, keep=asked.keep)
            return
        stack, site = up(asked.port, asked.site_port)
    print(f"\n  the service   {stack.base_url}/v1/health")
    print(f"  the demo shop {site}?utm_source=yandex&utm_medium=cpc&utm_campaign=338151")
    stops = "make down" if asked.port == DEFAULT_PORT else f"make down PORT={asked.port}"
    print(f"  its keys and webhook URLs are in {Place(asked.port).shop.relative_to(ROOT)}; `{stops}` stops it all")


if __name__ == "__main__":
    main()
