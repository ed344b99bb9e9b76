"""A carrier's export as rows of text: CSV with or without headings, JSON as its API answers it, or JSON lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.carriers.history import Format
from chalicelib.core.csv_table import BROKEN, decode_text, read_rows
from chalicelib.core.errors import BadInput


def rows_of(raw: bytes, form: Format) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as (line or position in the file, cells by field). Raises BadInput for any other kind of file."""
    text = decode_text(raw).lstrip("\ufeff \r\n\t")
    found = _of_json(text) if _is_json(text, form) else _of_csv(text, form)
    return ((line, cells if BROKEN in cells else form.row(cells)) for line, cells in found)


def _is_json(text: str, form: Format) -> bool:
    """Return whether the text is JSON. Mango's CSV rows begin with a square bracket, too: a list of recordings."""
    return text[:1] == "{" or (text[:1] == "[" and text.partition("\n")[0].count(";") < max(len(form.columns) - 1, 1))


def _of_csv(text: str, form: Format) -> Iterator[tuple[int, dict[str, str]]]:
    first = {cell.strip(' "\r') for cell in text.partition("\n")[0].lower().split(";")}
    if not form.columns or first & set(form.columns):
        return read_rows(text.encode(), {})
    return ((line - 1, row) for line, row in read_rows((";".join(form.columns) + "\n" + text).encode(), {}))


def _of_json(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        objects: list[Any] = list(_objects(json.loads(text)))
    except ValueError:
        objects = [_line(line) for line in text.splitlines() if line.strip()]
    if not objects:
        raise BadInput("file", "has no list of calls")
    return ((position, _cells(each)) for position, each in enumerate(objects, start=1))


def _line(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return "is not JSON"


def _objects(parsed: Any) -> list[Any]:
    """Return the list of objects, at any depth of what an API wraps it in; an object without one is the only row."""
    if isinstance(parsed, list):
        return parsed
    if not isinstance(parsed, dict):
        raise BadInput("file", "has no list of calls")
    for value in parsed.values():
        if isinstance(value, list) and (not value or isinstance(value[0], dict)):
            return value
    nested = [value for value in parsed.values() if isinstance(value, dict)]
    return _objects(nested[0]) if len(nested) == 1 else [parsed]


def _cells(parsed: Any) -> dict[str, str]:
    if not isinstance(parsed, dict):
        return {BROKEN: parsed if isinstance(parsed, str) else "is not an object"}
    return {str(name).lower(): _text(value) for name, value in parsed.items()}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    if value is None or isinstance(value, dict):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
