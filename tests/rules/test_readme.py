"""What the README and docs/ link to exists, and they name nothing that is not theirs; test_commands.py types them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    missing = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not _leads_somewhere(page, link)]
    assert not missing, f"{page.name} links to nothing: {missing}"


def _leads_somewhere(page: Path, link: str) -> bool:
    if "://" in link:
        return True
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not heading or heading in _headings(target))


def _headings(page: Path) -> set[str]:
    """Return the headings of a page as links name them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    pages = [page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.*")] if page.name != "README.md"]
    assert not [page.name for page in pages if f"]({page.relative_to(ROOT)})" not in readme]


def test_the_documentation_names_no_path_of_another_machine() -> None:
    words = ("/work/", "/root/", "localhost:4873", "helper session")
    for page in PAGES:
        assert not [word for word in words if word in page.read_text()], page
