"""Tables as Excel, 1C and people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.csv_table import BROKEN, read_rows, read_time, require
from chalicelib.core.errors import BadInput

HEADINGS = {"дата": "date", "сумма": "amount"}
TEXT = "Дата;Сумма;note\n22.11.2026;12 500,00;да\n\n23.11.2026;1,5;нет\n"


def rows(raw: bytes) -> list[tuple[int, dict[str, str]]]:
    return list(read_rows(raw, HEADINGS))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_usual_encoding_delimiter_and_line_end_reads_the_same(encoding: str, delimiter: str, newline: str) -> None:
    text = TEXT.replace(",", ".").replace(";", delimiter).replace("\n", newline)
    assert rows(text.encode(encoding)) == [
        (2, {"date": "22.11.2026", "amount": "12 500.00", "note": "да"}),
        (4, {"date": "23.11.2026", "amount": "1.5", "note": "нет"}),
    ]


def test_line_numbers_are_of_the_file_even_after_a_cell_of_two_lines() -> None:
    found = rows('Дата;Сумма\n"a\nb";1\nc;2\n'.encode())
    assert found == [(2, {"date": "a\nb", "amount": "1"}), (4, {"date": "c", "amount": "2"})]


def test_a_row_with_surplus_cells_is_broken_and_the_next_is_not() -> None:
    found = rows("Дата,Сумма\n1,2,3\n4,5,,\n6\n".encode())
    assert [line for line, row in found if BROKEN in row] == [2]
    assert found[1:] == [(3, {"date": "4", "amount": "5"}), (4, {"date": "6", "amount": ""})]


def test_a_quote_out_of_place_breaks_its_row_only() -> None:
    found = rows('Дата;Сумма\n"ООО "Ромашка"";1\n2;3\n"open;4\n'.encode())
    assert [(line, BROKEN in row) for line, row in found] == [(2, True), (3, False), (4, True)]


@pytest.mark.parametrize(("raw", "field"), [(b"", "file"), (b"\n\n", "file"), ("Дата;дата\n".encode(), "date")])
def test_a_file_without_usable_headings_is_refused(raw: bytes, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        rows(raw)
    assert refused.value.field == field


def test_a_picture_is_no_table() -> None:
    with pytest.raises(BadInput):
        rows(b"\xff\xfe\x00\xd8\x00\x00\x01")


def test_require_names_what_is_empty_missing_or_broken() -> None:
    for row, field in (({"a": ""}, "a"), ({}, "a"), ({"a": "1", BROKEN: "is odd"}, "row")):
        with pytest.raises(BadInput) as refused:
            require(row, "a")
        assert refused.value.field == field
    require({"a": "1"}, "a")


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw: bytes) -> None:
    try:
        for line, _ in read_rows(raw, HEADINGS):
            assert isinstance(line, int)
    except BadInput as error:
        if not error.field:
            raise


@pytest.mark.parametrize("text", ["2026-11-22T25:00", "32.01.2026", "soon", "12345678901234", "-5", "²²"])
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_time(text, "UTC", field="started_at")
    assert refused.value.field == "started_at"
