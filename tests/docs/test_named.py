"""What the pages name exists: files, commands, targets of make, settings, parameters, alarms, functions, log events."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest
import yaml

from chalicelib.__main__ import parser
from chalicelib.cli.redrive import QUEUES
from chalicelib.runtime.log_events import LEVELS
from chalicelib.runtime.settings import Settings
from tests.docs.pages import ROOT, commands_in
from tests.rules.test_architecture import MAY_IMPORT, TOP_LEVEL

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
EVERYTHING = "\n".join(TEXTS.values())
ARCHITECTURE, OPERATIONS = TEXTS["docs/architecture.md"], TEXTS["docs/operations.md"]
TEMPLATE_TEXT = (ROOT / "infra" / "deploy" / "template.yaml").read_text()
CODE = re.compile(r"`([^`\n]+)`")
OURS = re.compile(r"(?:chalicelib|tests|infra|docs)/[\w/.<>*-]*[\w>*/]")
# What is made when it is used, and so is not in the repository.
MADE = ("docs/images/",)


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
TEMPLATE = yaml.load(TEMPLATE_TEXT, Loader)  # noqa: S506 - a SafeLoader
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first line begins with `heading`."""
    begin = text.index(f"| {heading} |")
    lines = text[begin:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


# ---- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", TEXTS)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    named = {path for text in CODE.findall(TEXTS[page]) for path in OURS.findall(text)}
    missing = [path for path in sorted(named) if not _exists(path) and not path.startswith(MADE)]
    assert not missing, f"{page} names what does not exist: {missing}"


def _exists(path: str) -> bool:
    return any(ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/"))))


@pytest.mark.parametrize("page", TEXTS)
def test_a_module_is_named_by_its_path_from_the_root(page: str) -> None:
    found = [text for text in CODE.findall(TEXTS[page]) if re.fullmatch(r"[\w<>]+/[\w/<>.]*\.py", text)]
    short = [text for text in found if text.split("/")[0] not in TOP_LEVEL]
    assert not short, f"{page}: write these from the root, as chalicelib/…: {short}"


@pytest.mark.parametrize("page", TEXTS)
def test_a_file_named_alone_is_beside_one_that_is_named_with_its_path(page: str) -> None:
    """So that a reader finds `slot_search.py`: the page names its folder."""
    named = CODE.findall(TEXTS[page])
    lone = {text for text in named if re.fullmatch(r"\w+\.py", text)} - TOP_LEVEL
    paths = [path for text in named for path in OURS.findall(text)]
    found = {file for path in paths for file in ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/")))}
    folders = {file if file.is_dir() else file.parent for file in found}
    lost = [name for name in sorted(lone) if not any((folder / name).exists() for folder in folders)]
    assert not lost, f"{page}: say in which folder: {lost}"


# ---- architecture.md ---------------------------------------------------------------------------------------------


def test_the_packages_are_drawn_with_what_they_may_import() -> None:
    drawn: dict[str, set[str]] = {}
    for name, _, may in rows(ARCHITECTURE, "package of `chalicelib/`"):
        above, but = may.removeprefix("all above").removeprefix(" but "), may.startswith("all above")
        listed = set() if above in ("", "nothing of ours") else set(above.split(", "))
        drawn[name.strip("`")] = set(drawn) - listed if but else listed
    assert drawn == {name: set(may.split()) for name, may in MAY_IMPORT.items()}


MOST = {"A number request": 8, "A webhook": 6, "A deal": 8, "A day": 8, "A report": 8}  # files


@pytest.mark.parametrize("walk", MOST)
def test_a_walk_is_short_and_each_file_is_named_by_one_above_it(walk: str) -> None:
    files = _walk(walk)
    assert files[0] == "app.py" and 1 < len(files) <= MOST[walk]
    for place, file in enumerate(files[1:], start=1):
        above = [(ROOT / each).read_text() for each in files[:place]]
        assert any(_names(text, file) for text in above), f"{walk}: nothing above {file} names it"


def test_there_are_no_other_walks() -> None:
    assert re.findall(r"^\*\*(.+)\*\*$", section(ARCHITECTURE, "Five walks"), re.MULTILINE) == list(MOST)


def _walk(name: str) -> list[str]:
    (steps,) = re.findall(rf"^\*\*{name}\*\*\n\n((?:\d\. .*\n)+)", ARCHITECTURE, re.MULTILINE)
    return re.findall(r"^\d\. `([\w/.]+)`: ", steps, re.MULTILINE)


def _names(text: str, file: str) -> bool:
    """Whether a source imports a module or holds its dotted name, as the tables of vendors do."""
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package, _, name = module.rpartition(".")
    imported = rf"^ *from {re.escape(package)} import (?:\((?:[^)]*\n)*[^)]*)?.*\b{name}\b"
    return re.search(rf"\b{re.escape(module)}\b", text) is not None or bool(re.search(imported, text, re.MULTILINE))


def test_twelve_words_are_explained_in_one_row_each() -> None:
    words = rows(ARCHITECTURE, "word")
    assert len(words) == 12 and all(len(row) == 2 and row[1] for row in words)
    assert {word for word, _ in words} >= {"lease", "touch", "evidence", "fact", "contact", "caller", "rulebook"}


def test_every_function_is_drawn_with_what_it_may_do() -> None:
    named = {name for row in rows(ARCHITECTURE, "function") for name in CODE.findall(row[0])}
    functions = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        for name, resource in TEMPLATE["Resources"].items()
        if "MemorySize" in resource.get("Properties", {}) and name != "APIHandler"
    }
    assert named == functions | {"manage"}


# ---- commands ----------------------------------------------------------------------------------------------------


def commands(of: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    """Yield every command of the command line, those of families with their family: `numbers import`."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                inside = list(commands(inner, f"{before}{name} "))
                yield from inside or [f"{before}{name}"]


COMMANDS = set(commands(parser()))


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_that_a_page_shows_is_one(page: str) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", TEXTS[page], re.DOTALL | re.MULTILINE)
    shown = [command for block in blocks for command in commands_in(block)] + CODE.findall(TEXTS[page])
    named = [found[1] for text in shown if (found := re.search(r"-m chalicelib (?:--stack \S+ )?([a-z].*)", text))]
    wrong = [text for text in named if not any(f"{text} ".startswith(f"{known} ") for known in COMMANDS)]
    assert not wrong, f"{page} shows commands that do not exist: {wrong}"


def test_every_command_is_shown_somewhere() -> None:
    hidden = [command for command in COMMANDS if not re.search(rf"[`. \w-]{command}\b", EVERYTHING)]
    assert not hidden, f"no page shows: {hidden}"


def test_every_make_target_that_a_page_names_exists_and_every_one_is_named() -> None:
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", EVERYTHING, re.DOTALL | re.MULTILINE))
    code = "\n".join([*CODE.findall(EVERYTHING), blocks])
    named = set(re.findall(r"(?:^|[\s(`])make ([a-z-]+)", code, re.MULTILINE))
    assert named <= MAKE_TARGETS, f"no such target: {named - MAKE_TARGETS}"
    assert named >= MAKE_TARGETS - {"help"}, f"no page names: {MAKE_TARGETS - named}"


def test_every_module_that_is_run_with_python_exists() -> None:
    named = set(re.findall(r"-m ((?:infra|tests|chalicelib)[\w.]*)", EVERYTHING))
    assert named and not [name for name in named if not _runs(name)]


def _runs(module: str) -> bool:
    path = ROOT.joinpath(*module.rstrip(".").split("."))
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


# ---- settings, parameters, alarms, the log -----------------------------------------------------------------------


def test_every_setting_is_declared_given_and_no_page_names_another() -> None:
    declared = {f"CALLPATH_{name.upper()}" for name in Settings.__struct_fields__}
    assert set(re.findall(r"\bCALLPATH_[A-Z_]+\b", TEMPLATE_TEXT)) == declared
    assert set(re.findall(r"\bCALLPATH_[A-Z_]*[A-Z]\b", EVERYTHING)) <= declared


def test_the_parameters_are_those_of_the_template_with_their_defaults() -> None:
    table = {row[0].strip("`"): row[1] for row in rows(OPERATIONS, "parameter")}
    theirs = {name: str(each.get("Default", "")) for name, each in TEMPLATE["Parameters"].items()}
    assert set(table) == set(theirs) - {"Stage", "SigningKey"}  # the deployment's own
    said = {name: text for name, text in table.items() if text.isdecimal() or text in ("on", "off", "refused")}
    assert said == {name: theirs[name] for name in said}
    assert {name for name, text in table.items() if text == "none"} == {
        name for name in table if not theirs[name] and name != "PublicUrl"
    }


def test_every_alarm_is_explained() -> None:
    cells = [row[0] for row in rows(OPERATIONS, "alarm")]
    explained = {name for cell in cells for name in cell.split(", ")} - {"(none)"}
    alarms = {name for name, each in TEMPLATE["Resources"].items() if each.get("Type") == "AWS::CloudWatch::Alarm"}
    assert explained == {name.removesuffix("Alarm") for name in alarms}


def test_what_is_to_be_redriven_can_be() -> None:
    named = set(re.findall(r"redrive `([\w-]+)`", EVERYTHING)) | set(
        re.findall(r"\bredrive ([a-z-]+)$", EVERYTHING, re.MULTILINE)
    )
    assert named and named <= set(QUEUES)
    assert set(QUEUES.values()) <= set(TEMPLATE["Outputs"])


def test_an_event_of_the_log_that_a_page_names_is_logged() -> None:
    events = {name for each in LEVELS.values() for name in each}
    functions = {name for row in rows(ARCHITECTURE, "function") for name in CODE.findall(row[0])}
    lines = [line for text in TEXTS.values() for line in text.splitlines() if re.search(r"\blogs?\b", line)]
    named = {name for line in lines for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", line)}
    assert named - functions <= events | {"request_id", "function_request_id", "cold_start", "message_id"}
    assert set(re.findall(r"--filter-pattern (\w+)", EVERYTHING)) <= events
