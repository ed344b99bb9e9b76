"""Read a file of rows of any kind: JSON lines, a JSON array, or a table as people export it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from chalicelib.core.csv_table import decode_text, read_rows, require
from chalicelib.core.errors import BadInput

Row = tuple[int, "Mapping[str, Any] | BadInput"]


def read_table(raw: bytes, headings: Mapping[str, str]) -> Iterator[Row]:
    """Each row with its line (in a JSON array: its position, from 1), or what is wrong with it.

    `headings` maps headings, or names of JSON, in lower case to fields. Raises BadInput for a file that cannot be read.
    """
    head = raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head == b"[":
        return _array(decode_text(raw), headings)
    if head == b"{":
        return _lines(decode_text(raw), headings)
    return _table(raw, headings) if raw.strip() else iter(())


def _table(raw: bytes, headings: Mapping[str, str]) -> Iterator[Row]:
    for line, cells in read_rows(raw, headings):
        try:
            require(cells)
            yield line, cells
        except BadInput as problem:
            yield line, problem


def _lines(text: str, headings: Mapping[str, str]) -> Iterator[Row]:
    for line, one in enumerate(text.split("\n"), start=1):
        if one.strip():
            try:
                yield line, _object(json.loads(one, parse_float=Decimal), headings)
            except ValueError:
                yield line, BadInput("row", "not valid JSON")


def _array(text: str, headings: Mapping[str, str]) -> Iterator[Row]:
    try:
        listed = json.loads(text, parse_float=Decimal)
    except ValueError:
        raise BadInput("file", "not valid JSON") from None
    for position, one in enumerate(listed, start=1):
        yield position, _object(one, headings)


def _object(value: Any, headings: Mapping[str, str]) -> Mapping[str, Any] | BadInput:
    if not isinstance(value, dict):
        return BadInput("row", "not a JSON object")
    return {headings.get(name.lower(), name): cell for name, cell in value.items()}
