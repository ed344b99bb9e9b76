"""One word, one meaning, the field's own: what the code, its tests and the docs must not say, and what to say instead.

python -m tests.rules.test_words chalicelib/pool docs/pool.md    # list what is left in a part of the tree
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

INSTEAD = {
    "told": "reported, received, sent, given or a parsed payload, whichever it is",
    "tell": "say, report, show or name",
    "tells": "says, reports, shows or names",
    "telling": "reporting, sending or naming",
    "stands": "is, exists, current, or is kept",
    "stood": "was or existed",
    "whoever": "who, or the person's role",
    "whomever": "who, or the person's role",
    "whatever": "however, any, or what exactly",
    "he": "they, or the noun: visitor, caller, customer",
    "his": "their, or the noun",
    "him": "them, or the noun",
    "himself": "themselves, or the noun",
    "she": "they, or the noun",
    "her": "their, or the noun",
    "doorkeeper": "eligibility",
    "crowd": "rate limit",
    "heads": "slots",
    "seating": "slot assignment",
    "spill": "archive",
    "spills": "archives",
    "suspect": "candidate",
    "suspects": "candidates",
    "entrant": "candidate",
    "entrants": "candidates",
    "reckoned": "computed",
    "reckoning": "calculation",
    "hitherto": "so far",
    "henceforth": "from now on",
    "thereof": "of it",
    "therein": "in it",
    "wherein": "in which",
    "whence": "from where",
    "hereby": "with this",
    "ought": "should",
    "shall": "will or must",
}
FOLDERS = ("chalicelib", "infra", "tests", "docs")
FILES = ("app.py", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
# Where a word is not ours: a vendor's field, or a sentence in another's words. File → words.
NOT_OURS: dict[str, set[str]] = {
    "chalicelib/visits/data/README.md": {"hereby", "shall"},  # the licence of a list
    "chalicelib/api/calls.py": {"told"},  # `told_at`, a field of the API
    "chalicelib/attribution/candidate_shares.py": {"stands"},
    "chalicelib/attribution/explanation.py": {"told"},
    "chalicelib/attribution/redial_rules.py": {"stands"},
    "chalicelib/calls/evidence.py": {"stands"},  # `stands_for`, a field of the API
    "chalicelib/calls/self_reported.py": {"told"},  # `told_at`, a field of the API
    "chalicelib/calls/self_reported_words.py": {"told"},  # a column of files that customers import
    "chalicelib/contacts/types.py": {"told"},  # a kind of contact in the API
    "chalicelib/recordings/transcripts/languages.py": {"he"},  # Hebrew
    "docs/adr/0010-contacts-are-evidence-like-calls.md": {"told"},  # `promo_told`, a kind of contact
    "chalicelib/reports/layouts/csv_file.py": {"told"},  # the name of a file of reports and of its column
    "chalicelib/reports/layouts/json_file.py": {"told"},  # a field of reports
    "chalicelib/reports/layouts/xlsx.py": {"told"},  # the name of a sheet of reports
    "chalicelib/reports/layouts/xlsx_comparison.py": {"told"},  # a heading on it
    "docs/self-reported.md": {"told"},  # the names of a sheet and a file of reports
    "tests/simulation/attribution.py": {"told"},  # a column of docs/measurements.md
    "tests/simulation/cells.py": {"crowd", "his"},  # rows of docs/measurements.md
    "infra/demo/compare.py": {"told"},  # a key of report.json
    "tests/infra/demo/test_truth.py": {"told"},
    "tests/reports/layouts/test_csv_file.py": {"told"},  # as in csv_file.py
    "tests/reports/test_self_reported.py": {"told"},  # the same file, a field and a sheet of reports
    "tests/rules/test_words.py": set(INSTEAD),
}

_WORD = re.compile(r"[A-Za-z]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def files(*parts: str) -> Iterator[Path]:
    """Yield the files that are held to the words, all or those under these parts of the tree."""
    for part in parts or (*FOLDERS, *FILES):
        path = ROOT / part
        found = [path] if path.is_file() else sorted([*path.rglob("*.py"), *path.rglob("*.md")])
        yield from (each for each in found if "fixtures" not in each.parts and each.name != "measurements.md")


def violations(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, word) of each word in a file that has another word to use."""
    allowed = NOT_OURS.get(str(file.relative_to(ROOT)), set())
    for number, text in _texts(file):
        for word in _WORD.findall(_CAMEL.sub(" ", text)):
            if word.lower() in INSTEAD and word.lower() not in allowed:
                yield number, word.lower()


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of everything in words: all of a page; names, comments and strings of code."""
    text = file.read_text()
    if file.suffix != ".py":
        yield from enumerate(text.splitlines(), start=1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NAME, tokenize.COMMENT, tokenize.STRING):
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def test_nothing_is_said_in_a_word_that_has_a_better_one() -> None:
    broken = [
        f"{file.relative_to(ROOT)}:{line}: “{word}”: use {INSTEAD[word]}"
        for file in files()
        for line, word in violations(file)
    ]
    assert not broken, "\n".join(broken)


def test_the_check_finds_a_word_wherever_it_is() -> None:
    page = ROOT / "tests" / "rules" / "test_words.py"
    found = {word for _, word in _in_code('whoever = 1\nclass ToldHim: "he stands"  # his\n')}
    assert found == {"whoever", "told", "him", "he", "stands", "his"}
    assert list(violations(page)) == []


def _in_code(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        for word in _WORD.findall(_CAMEL.sub(" ", token.string)):
            if word.lower() in INSTEAD:
                yield token.start[0], word.lower()


if __name__ == "__main__":
    for _file in files(*sys.argv[1:]):
        for _line, _word in violations(_file):
            print(f"{_file.relative_to(ROOT)}:{_line}: {_word}: use {INSTEAD[_word]}")
