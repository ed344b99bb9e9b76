"""README.md and docs/*.md in the order in which they are read: their blocks, commands, placeholders and requests."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]+\b(?!=)")  # `NAME=` sets a variable


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str  # its path from the root
    language: str
    text: str


def pages() -> list[Path]:
    """Return the README, then the pages it links to, each once, in the order of their links."""
    linked = re.findall(r"\]\((docs/[\w-]+\.md)", README.read_text())
    return [README, *(ROOT / name for name in dict.fromkeys(linked))]


def blocks() -> list[Block]:
    """All fenced blocks, in reading order."""
    return [
        Block(str(page.relative_to(ROOT)), language, text)
        for page in pages()
        for language, text in _BLOCK.findall(page.read_text())
    ]


def commands_in(text: str) -> Iterator[str]:
    """Yield the commands of a shell block; one that quotes a line's end goes on in the next."""
    begun = ""
    for line in text.splitlines():
        begun = f"{begun}\n{line}" if begun else line
        try:
            words = shlex.split(begun, comments=True)
        except ValueError:  # a quotation is open
            continue
        if words:
            yield begun
        begun = ""
    assert not begun, f"a command that never ends: {begun}"


def placeholders(command: str) -> set[str]:
    """Return the words in capitals."""
    return set(_PLACEHOLDER.findall(command))


def filled(command: str, values: dict[str, str]) -> str:
    """Return the command with the values of its placeholders."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), command)


def words_of(command: str) -> list[str]:
    """Return a command's words, without its comment."""
    return shlex.split(command, comments=True)


def name_of(command: str) -> str:
    """Name what a command does, without its arguments: `numbers import`, `make deploy`, `PATCH /v1/…`, `aws logs`.

    Empty for the command line itself, where a sentence names no command of it.
    """
    words = words_of(command)
    if "chalicelib" in words:
        words = words[words.index("chalicelib") + 1 :]
        words = words[2:] if words[:1] == ["--stack"] else words
        return " ".join(_until_argument(words)) or " ".join(words[:1])
    if words[0] == "curl":
        return " ".join(request_of(command)[:2])
    if words[0].endswith("python"):
        return " ".join(words[1:3]) if words[1] == "-m" else words[1]
    if words[0] == "export":
        return "the shell's export"
    return " ".join(words[:2]) if words[0] in ("make", "aws") else words[0]


def request_of(command: str) -> tuple[str, str, str | None]:
    """Return method, path and body of a curl command."""
    words = words_of(command)
    (path,) = [word.removeprefix("BASE_URL") for word in words if word.startswith("BASE_URL/")]
    given = dict(pairwise(words))
    return given.get("-X", "GET"), path, given.get("-d")


def _until_argument(words: list[str]) -> Iterator[str]:
    """Yield the leading words that name a command: of two at most, the first and what is one of its own."""
    families = "answers calls campaigns carriers channel-rules deal endpoint numbers pool".split()  # noqa: SIM905
    for place, word in enumerate(words[:2]):
        if word.startswith("-") or (place and words[0] not in families):
            return
        yield word
