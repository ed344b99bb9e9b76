"""One file of rows: those that could be read, and those that could not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from chalicelib.core.errors import BadInput
from chalicelib.reports.plain.cells import Cells
from chalicelib.reports.plain.tables import read_table

T = TypeVar("T")


@dataclass(slots=True)
class Input:
    """One file's rows that could be read, and those that could not."""

    path: Path | None
    headings: Mapping[str, str] = field(default_factory=dict)
    rows: list[tuple[int, Cells]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> Input:
        """Read the file. Raises BadInput naming it where it cannot be opened or is no table."""
        if self.path is None:
            return self
        try:
            for line, row in read_table(self.path.read_bytes(), self.headings):
                if isinstance(row, BadInput):
                    self.reject(line, row)
                else:
                    self.rows.append((line, row))
        except OSError as problem:
            raise BadInput(str(self.path), problem.strerror or "cannot be read") from None
        except BadInput as problem:
            raise BadInput(str(self.path), problem.message) from None
        return self

    def reject(self, line: int, problem: BadInput) -> None:
        """Note a row that cannot count."""
        name = self.path.name if self.path else ""
        self.rejected.append({"file": name, "line": line, "field": problem.field, "reason": problem.reason})

    def parsed(self, parse: Callable[[int, Cells], T]) -> list[T]:
        """Every row through `parse`; those it refuses are noted."""
        good: list[T] = []
        for line, cells in self.rows:
            try:
                good.append(parse(line, cells))
            except BadInput as problem:
                self.reject(line, problem)
        return good
