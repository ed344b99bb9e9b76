"""Tables as people export them: any usual encoding, delimiter and heading, into rows of text. Pure."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from chalicelib.core import clock
from chalicelib.core.errors import BadInput

BROKEN = ""  # the key under which an unreadable row says why; `require` turns it into an error
DELIMITERS = ";\t,|"
MAX_CELL = 100_000  # characters
DATE_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d.%m.%y %H:%M", "%d.%m.%y")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

csv.field_size_limit(MAX_CELL)


def decode_text(raw: bytes) -> str:
    """Decode a file by its byte order mark, else as UTF-16 where every other byte is zero, else UTF-8, else cp1251.

    Raises BadInput for what is none of them.
    """
    try:
        return raw.decode(_encoding(raw))
    except UnicodeDecodeError:
        raise BadInput("file", "is not text in UTF-8, UTF-16 or Windows-1251") from None


def read_rows(raw: bytes, headings: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each filled row as (line in the file where it starts, cells by field).

    `headings` maps headings in lower case, in any language, to fields; one it does not know is its own field.
    Cells are stripped, missing ones are empty. A row that cannot be read, or that has more cells than there are
    headings, gives the reason under BROKEN; the rows after it are read all the same.
    Raises BadInput for a file without headings, or with a heading twice.
    """
    fields: list[str] = []
    for line, cells in _records(decode_text(raw)):
        if isinstance(cells, str):
            yield line, {BROKEN: cells}
        elif fields:
            yield line, _row(fields, cells)
        else:
            fields = _fields(cells, headings)
    if not fields:
        raise BadInput("file", "has no headings")


def require(row: Mapping[str, str], *fields: str) -> None:
    """Raise BadInput for a row that could not be read, else for the first of `fields` that it leaves empty."""
    if BROKEN in row:
        raise BadInput("row", row[BROKEN])
    for field in fields:
        if not row.get(field):
            raise BadInput(field, "is empty" if field in row else "the file has no such column")


def read_time(text: str, zone: str, *, field: str) -> datetime:
    """Read ISO 8601, `22.11.2026 12:55`, RFC 2822 or seconds since 1970 as aware UTC.

    Without an offset the time is of `zone` (IANA). Raises BadInput naming the field.
    """
    if text.isascii() and text.isdigit():
        return clock.from_epoch(int(text), field=field)
    moment = _parsed(text)
    if moment is None:
        raise BadInput(field, "is not a date like 22.11.2026 12:55 or 2026-11-22T12:55")
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _parsed(text: str) -> datetime | None:
    # A zone, where none is written, is given by `read_time`.
    readers = [lambda value, form=form: datetime.strptime(value, form) for form in DATE_FORMATS]  # noqa: DTZ007
    for read in (*readers, datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _records(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line, stripped cells) of every record that is not blank; of a malformed one the reason, not its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:  # the reader starts afresh on the next line
            yield line, str(error)
            continue
        if any(cells):
            yield line, cells


def _encoding(raw: bytes) -> str:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return encoding
    head = raw[:200]
    if b"\x00" in head:
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8"


def _delimiter(text: str) -> str:
    """Return the delimiter that is the commonest in the first filled line, outside quotes."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(head.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _fields(cells: list[str], headings: Mapping[str, str]) -> list[str]:
    names = [" ".join(cell.lower().split()) for cell in cells]
    fields = [headings.get(name, name) for name in names]
    for index, field in enumerate(fields):
        if field and field in fields[:index]:
            raise BadInput(field, "the file has this column twice")
    return fields


def _row(fields: list[str], cells: list[str]) -> dict[str, str]:
    row = {field: cells[i] if i < len(cells) else "" for i, field in enumerate(fields) if field}
    if any(cells[len(fields) :]):
        row[BROKEN] = "has more cells than there are headings"
    return row
