from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.ingestion.chunks import Instants
from ml_app_wind_draft.ingestion.parquet_file import ParquetFile, Window, stamps_end

COLUMNS = ["name", "time", "power"]
NEW_YEAR = 1_420_070_400


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.parquet"


def written(path, **columns):
    pq.write_table(pa.table(columns), path, row_group_size=10)
    return ParquetFile.open(path, COLUMNS, ["power"])


def hours(count, kind=None):
    seconds = [NEW_YEAR + 3600 * i for i in range(count)]
    return pa.array(seconds, pa.int64()).cast(pa.timestamp("s")).cast(kind or pa.timestamp("ms"))


def first(file):
    return next(file.chunks())


def test_rows_come_in_chunks_with_their_numbers(path):
    file = written(path, name=["T"] * 25, time=hours(25), power=[1.0] * 25)
    chunks = list(file.chunks(4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2, 4, 4, 2, 4, 1]
    lines = np.concatenate([chunk.lines for chunk in chunks])
    assert lines.tolist() == list(range(1, 26))
    assert chunks[-1].position == file.size


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (pa.array([1, 2, None], pa.int16()), [1, 2, np.nan]),
        (pa.array([1.5, None, 3], pa.float32()), [1.5, np.nan, 3]),
        (pa.array([Decimal("1.50"), None, Decimal("3.00")]), [1.5, np.nan, 3]),
    ],
)
def test_numbers_of_any_type_are_numbers(path, numbers, expected):
    power = first(written(path, name=["T"] * 3, time=hours(3), power=numbers)).columns["power"]
    assert isinstance(power, np.ndarray)
    np.testing.assert_array_equal(power, expected)


def test_numbers_as_text_stay_text_with_their_decimal_mark(path):
    file = written(path, name=["T"] * 3, time=hours(3), power=["1,5", None, "x"])
    assert file.decimal == ","
    assert first(file).columns["power"] == ["1,5", "", "x"]


@pytest.mark.parametrize(
    "names",
    [
        pa.array(["7", "8", None]),
        pa.array([7, 8, None]),
        pa.array(["7", "8", None]).dictionary_encode(),
    ],
)
def test_names_of_any_type_are_text(path, names):
    assert first(written(path, name=names, time=hours(3), power=[1.0] * 3)).columns["name"] == [
        "7",
        "8",
        "",
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
def test_time_stamps_of_any_unit_are_seconds(path, unit, zone):
    stamps = hours(3).cast(pa.timestamp(unit, zone))
    time = first(written(path, name=["T"] * 3, time=stamps, power=[1.0] * 3)).columns["time"]
    assert isinstance(time, Instants)
    assert time.seconds.tolist() == [NEW_YEAR + 3600 * i for i in range(3)]
    assert time.aware == (zone is not None)


def test_missing_stamps_are_marked_and_fractions_rounded(path):
    stamps = pa.array([NEW_YEAR * 1000 - 1, None, NEW_YEAR * 1000 + 400], pa.int64())
    stamps = stamps.cast(pa.timestamp("ms"))
    time = first(written(path, name=["T"] * 3, time=stamps, power=[1.0] * 3)).columns["time"]
    assert isinstance(time, Instants)
    assert time.valid.tolist() == [True, False, True]
    assert time.seconds[[0, 2]].tolist() == [NEW_YEAR, NEW_YEAR]


def test_a_window_reads_its_own_rows_only(path, monkeypatch):
    file = written(path, name=["T"] * 50, time=hours(50), power=np.arange(50.0))
    read = []
    iter_batches = pq.ParquetFile.iter_batches

    def spy(self, rows, groups, *arguments, **options):
        read.extend(groups)
        return iter_batches(self, rows, groups, *arguments, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
    window = Window("time", NEW_YEAR + 23 * 3600, NEW_YEAR + 26 * 3600)
    chunks = list(file.chunks(window=window))
    powers = np.concatenate([np.asarray(chunk.columns["power"]) for chunk in chunks])
    assert powers.tolist() == [23, 24, 25]
    assert np.concatenate([chunk.lines for chunk in chunks]).tolist() == [24, 25, 26]
    assert read == [2]


def test_rows_without_a_stamp_are_in_every_window(path):
    stamps = pa.array([NEW_YEAR, None], pa.int64()).cast(pa.timestamp("s"))
    file = written(path, name=["T"] * 2, time=stamps, power=[1.0, 2.0])
    [chunk] = file.chunks(window=Window("time", 0, 1))
    assert chunk.lines.tolist() == [2]


def test_the_newest_stamp_is_found_whatever_the_order(path):
    written(path, name=["T"] * 3, time=hours(3).take(pa.array([1, 2, 0])), power=[1.0] * 3)
    assert stamps_end(path, "time") == int(datetime(2015, 1, 1, 2, tzinfo=UTC).timestamp())


def test_a_recording_needs_time_stamps(path):
    written(path, name=["T"], time=["2015-01-01"], power=[1.0])
    with pytest.raises(ImportFileError, match="type is string"):
        stamps_end(path, "time")
    with pytest.raises(ImportFileError, match="no such column"):
        stamps_end(path, "Time")


def test_a_missing_column_names_what_was_meant(path):
    pq.write_table(pa.table({"name": ["T"], "Time": ["x"], "power": [1]}), path)
    with pytest.raises(ImportFileError, match="Did you mean 'Time'"):
        ParquetFile.open(path, COLUMNS, ["power"])


def test_a_file_that_only_begins_like_parquet_is_refused(path):
    path.write_bytes(b"PAR1" + b"\x00" * 100)
    with pytest.raises(ImportFileError, match="cannot be read"):
        ParquetFile.open(path, COLUMNS, ["power"])
