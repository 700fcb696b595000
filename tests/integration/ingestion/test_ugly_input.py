"""Whatever a file holds: a report that accounts for every row, or an error with a remedy."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_app_wind_draft.core.errors import ImportFileError, WindError
from ml_app_wind_draft.ingestion.import_file import import_file

UGLY = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = st.sampled_from(["Nord 1", "Süd 1", "Süd 2", "KH-N1", " Nord 1 ", "", "nord 1", "West"])
STAMPS = st.one_of(
    st.integers(0, 2 * 1440).map(
        lambda minutes: f"{30 + minutes // 1440}.10.2021 {minutes // 60 % 24}:{minutes % 60:02}"
    ),
    st.sampled_from(
        [
            "31.10.2021 02:15",
            "31.10.2021 02:30",
            "28.03.2021 02:15",
            "31.10.2021 01:30",
            "2021-10-31T02:15:00Z",
            "01.01.2099 00:00",
            "01.01.1971 00:00",
            "31.02.2021 00:00",
            "",
        ]
    ),
    st.text(max_size=8),
)
CELLS = st.one_of(
    st.floats(-5, 50).map(lambda x: f"{x:.2f}".replace(".", ",")),
    st.sampled_from(["", "NaN", "1.000,5", "1e400", "-inf", "Fehler", '"', '"a;b"', "0,0"]),
    st.text(max_size=6),
)
ROWS = st.tuples(NAMES, STAMPS, CELLS, CELLS, CELLS, CELLS, CELLS).map(";".join)
LINES = st.lists(st.one_of(ROWS, ROWS, ROWS, st.text(max_size=30)), max_size=25)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "cp1252"])


def says_what(path, importing):
    """Only the app's own errors may come, and they name the file."""
    told = ""
    try:
        importing()
    except WindError as error:
        told = str(error)
    assert not told or str(path) in told


def a_line(text):
    """What the file will count as one line, if any."""
    return text.replace("\r", " ").replace("\n", " ")


@UGLY
@given(lines=LINES, encoding=ENCODINGS, chunk_rows=st.integers(1, 30))
def test_any_lines_are_all_accounted_for(tmp_path, store, farm, files, lines, encoding, chunk_rows):
    lines = [a_line(text) for text in lines]
    # A quoted field may span lines; here each line shall be a row of its own.
    lines = [text.replace('"', "'") for text in lines]
    written = "\r\n".join([files.header, *lines, ""]).encode(encoding, "replace")
    path = tmp_path / "ugly.csv"
    path.write_bytes(written)
    blank = sum(1 for text in written.decode(encoding).split("\r\n") if not text.strip())
    try:
        report = import_file(store, farm, path, chunk_rows=chunk_rows)
    except ImportFileError:
        return
    assert report.rows_in == len(lines) + 1 - blank
    again = import_file(store, farm, path, chunk_rows=25)
    assert (again.accepted, again.rows_in) == (0, report.rows_in)
    assert again.set_aside == report.set_aside
    assert again.unchanged == report.accepted + report.updated + report.unchanged
    assert store.check() == []


@UGLY
@given(junk=st.binary(max_size=600), keep_header=st.booleans())
def test_any_bytes_give_a_report_or_an_error_that_says_what_to_do(
    tmp_path, store, farm, files, junk, keep_header
):
    path = tmp_path / "junk"
    path.write_bytes((files.header.encode("cp1252") + b"\r\n" if keep_header else b"") + junk)
    says_what(path, lambda: import_file(store, farm, path))


@UGLY
@given(cut=st.integers(0, 4000), flip=st.tuples(st.integers(0, 4000), st.integers(0, 255)))
def test_a_damaged_parquet_file_gives_a_report_or_an_error(tmp_path, store, farm, files, cut, flip):
    path = tmp_path / "file.parquet"
    frame = pd.DataFrame(
        {
            "Anlage": ["Nord 1"] * 30,
            "Zeitstempel": pd.date_range("2021-07-01", periods=30, freq="15min"),
            "Wind [km/h]": [files.wind(i) * 3.6 for i in range(30)],
            "Leistung [MW]": [files.load(i) * 3.3 for i in range(30)],
            "Außentemperatur [°F]": range(50, 80),
            "Gondel [rad]": [None, "1,5"] * 15,
        }
    )
    frame.to_parquet(path)
    content = bytearray(path.read_bytes())
    place, byte = flip
    if place < len(content):
        content[place] = byte
    path.write_bytes(content[: len(content) - cut] if cut < 400 else content)
    says_what(path, lambda: import_file(store, farm, path))


@pytest.mark.parametrize("name", ["", "missing.csv"])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, store, farm, name):
    with pytest.raises(ImportFileError, match="cannot be read"):
        import_file(store, farm, tmp_path / name)


@pytest.mark.parametrize(
    ("magic", "kind"), [(b"PK\x03\x04rest", "zip"), (b"\x1f\x8b\x08rest", "gzip")]
)
def test_a_packed_file_is_refused_with_what_to_do(tmp_path, store, farm, magic, kind):
    (tmp_path / "packed").write_bytes(magic)
    with pytest.raises(ImportFileError, match=kind) as caught:
        import_file(store, farm, tmp_path / "packed")
    assert "Unpack" in caught.value.remedy
