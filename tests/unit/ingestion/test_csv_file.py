import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.core.site import CsvFormat
from ml_app_wind_draft.ingestion.csv_file import CsvFile

COLUMNS = ["name", "time", "power"]
FREE = CsvFormat()


def opened(path, content, form=FREE, encoding="utf-8", columns=COLUMNS):
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return CsvFile.open(path, columns, ["power"], form)


def rows_and_faults(file):
    rows, faults = [], []
    for chunk in file.chunks():
        columns = [chunk.columns[name] for name in file.columns]
        rows += list(zip(chunk.lines.tolist(), *columns, strict=True))
        faults += [(each.line, each.original["line"]) for each in chunk.malformed]
    return rows, faults


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.csv"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "~", "^", " ", ":", "\x1f", "§"])
def test_any_delimiter_is_recognised_by_the_columns_it_yields(path, mark):
    file = opened(path, f"name{mark}time{mark}power\nT1{mark}t{mark}5\n")
    assert rows_and_faults(file) == ([(2, "T1", "t", "5")], [])


def test_a_given_delimiter_may_be_spelled(path):
    file = opened(path, "name\ttime\tpower\nT1\tt\t5\n", CsvFormat(delimiter="tab"))
    assert rows_and_faults(file)[0] == [(2, "T1", "t", "5")]


def test_a_delimiter_of_two_characters_is_refused(path):
    with pytest.raises(ImportFileError, match="single character"):
        opened(path, "name;;time;;power\n", CsvFormat(delimiter=";;"))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_will_do(path, ending):
    file = opened(path, ending.join(["name;time;power", "T1;t;5", "T2;t;6"]))
    assert [row[1] for row in rows_and_faults(file)[0]] == ["T1", "T2"]


def test_what_an_export_says_before_its_table_is_passed_over(path):
    file = opened(path, "# Exported by X\n# a;b;c\n\nname;time;power\nT1;t;5\n")
    assert rows_and_faults(file) == ([(5, "T1", "t", "5")], [])


def test_a_delimiter_at_each_lines_end_and_blank_lines_are_no_fault(path):
    file = opened(path, "name;time;power;\n\nT1;t;5;\n   \nT2;t;6\n")
    assert [row[1] for row in rows_and_faults(file)[0]] == ["T1", "T2"]
    assert rows_and_faults(file)[1] == []


def test_ragged_lines_are_set_aside_with_number_and_text(path):
    file = opened(path, "name;time;power\nT1;t;5\nT1;t\nT1;t;5;6\nT2;t;6\n")
    rows, faults = rows_and_faults(file)
    assert [row[0] for row in rows] == [2, 5]
    assert faults == [(3, "T1;t"), (4, "T1;t;5;6")]


def test_quoted_fields_may_hold_delimiters_quotes_and_line_breaks(path):
    text = 'name;time;power;note\n"T;1";t;5;"said ""no"""\nT2;t;6;"two\nlines"\nT3;t;7;x\n'
    rows, faults = rows_and_faults(opened(path, text))
    assert [row[:2] for row in rows] == [(2, "T;1"), (3, "T2"), (5, "T3")]
    assert faults == []


def test_a_stray_quotation_mark_costs_one_line_only(path):
    text = 'name;time;power;note\nT1;t;5;"open\nT2;t;6;x\nT3;t;7;x\n'
    rows, faults = rows_and_faults(opened(path, text))
    assert [row[1] for row in rows] == ["T2", "T3"]
    assert faults == [(2, 'T1;t;5;"open')]


def test_a_quotation_mark_inside_a_field_is_a_plain_character(path):
    rows, faults = rows_and_faults(opened(path, 'name;time;power\nT1 5" x;t;5\nT2;t;6\n'))
    assert [row[1] for row in rows] == ['T1 5" x', "T2"]
    assert faults == []


def test_an_endless_line_is_one_malformed_line(path):
    text = "name;time;power\n" + "x" * 3_000_000 + "\nT1;t;5\n"
    rows, faults = rows_and_faults(opened(path, text))
    assert [row[:2] for row in rows] == [(3, "T1")]
    assert [line for line, _ in faults] == [2]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings_are_recognised(path, encoding):
    text = "Anlage;Zeit;Leistung (kW) für Süd\n" + "Süd 1;t;5\n" * 50
    columns = ["Anlage", "Zeit", "Leistung (kW) für Süd"]
    path.write_bytes(text.encode(encoding))
    file = CsvFile.open(path, columns, columns[2:], FREE)
    rows, faults = rows_and_faults(file)
    assert {row[1] for row in rows} == {"Süd 1"}
    assert len(rows) == 50
    assert faults == []


def test_a_given_encoding_is_used(path):
    form = CsvFormat(encoding="cp852")
    file = opened(path, "name;time;power\nŁódź;t;5\n", form, encoding="cp852")
    assert rows_and_faults(file)[0][0][1] == "Łódź"


@pytest.mark.parametrize("encoding", ["no-such", "hex", "undefined"])
def test_an_encoding_that_does_not_exist_is_refused(path, encoding):
    with pytest.raises(ImportFileError, match=r"csv\.encoding"):
        opened(path, "name;time;power\n", CsvFormat(encoding=encoding))


def test_a_byte_that_fits_no_encoding_does_not_stop_the_file(path):
    rows, faults = rows_and_faults(opened(path, b"name;time;power\nT1\xff\xfe;t;5\nT2;t;6\n"))
    assert len(rows) == 2
    assert faults == []


@pytest.mark.parametrize("content", ["", "\n\n", "﻿"])
def test_an_empty_file_is_refused(path, content):
    with pytest.raises(ImportFileError, match="empty"):
        opened(path, content)


def test_a_missing_column_names_what_is_there_and_what_was_meant(path):
    with pytest.raises(ImportFileError, match="Did you mean 'Power'") as caught:
        opened(path, "name;time;Power\n")
    assert caught.value.column == "power"
    assert caught.value.example == "name, time, Power"


def test_a_column_that_is_there_twice_is_refused(path):
    with pytest.raises(ImportFileError, match="two columns"):
        opened(path, "name;time;power;power\n")


@pytest.mark.parametrize(
    ("content", "mark"),
    [("a;t;1,5\nb;t;2", ","), ("a;t;1.5\nb;t;2,5\nc;t;3.5", "."), ("a;t;1", ".")],
)
def test_the_decimal_mark_is_recognised(path, content, mark):
    assert opened(path, "name;time;power\n" + content).decimal == mark


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_refused_or_read_without_losing_a_line(tmp_path, junk, with_header):
    header = b"name;time;power\n" if with_header else b""
    try:
        file = opened(tmp_path / "any.csv", header + junk)
        rows, faults = rows_and_faults(file)
    except ImportFileError:
        return
    assert all(line > 0 for line, *_ in [*rows, *faults])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.sampled_from('ab;,"\t 1.\\'), max_size=14).filter(str.strip), max_size=12)
)
def test_every_line_is_in_a_row_or_set_aside(tmp_path, lines):
    file = opened(
        tmp_path / "any.csv", "\n".join(["name;time;power", *lines, ""]), CsvFormat(delimiter=";")
    )
    rows, faults = rows_and_faults(file)
    numbers = [number for number, *_ in [*rows, *faults]]
    # none of the wanted fields may hold a line break, so that each line stands for itself
    assert sorted(numbers) == list(range(2, len(lines) + 2))
