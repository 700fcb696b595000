from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_app_wind_draft.core.site import TimeColumn
from ml_app_wind_draft.ingestion.chunks import Instants
from ml_app_wind_draft.ingestion.time_stamps import read_stamp, read_stamps

PLAIN = TimeColumn(column="t")
DAY_FIRST = TimeColumn(column="t", day_first=True)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


def seconds(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "2015-01-02 03:40",
        "2015-01-02 03:40:00",
        "2015-01-02T03:40:00.000",
        "2015/1/2 3:40",
        "2015.01.02 03:40:00,000",
        "20150102T034000",
        "20150102 0340",
        "201501020340",
        "02-Jan-2015 03:40",
        "2 January 2015 03:40",
        "01/02/2015 03:40",
        "1/2/2015 3:40 AM",
        "01/02/2015 03:39:59.7",
        " 2015-01-02 03:40 ",
    ],
)
def test_stamps_without_an_offset_say_what_the_local_clock_says(text):
    assert read_stamp(text, PLAIN) == (seconds(2015, 1, 2, 3, 40), False)


@pytest.mark.parametrize(
    "text",
    [
        "2015-01-02 03:40Z",
        "2015-01-02T03:40:00+00:00",
        "2015-01-02T05:40+02:00",
        "2015-01-02 05:40:00 +0200",
        "2015-01-02 02:40-01",
        "2015-01-02 03:40 UTC",
        "02.01.2015 05:40 UTC+02:00",
        "1420170000",
        "1420170000000",
        "1420170000.0",
    ],
)
def test_stamps_with_an_offset_are_instants(text):
    assert read_stamp(text, DAY_FIRST) == (seconds(2015, 1, 2, 3, 40), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2015-02-30 00:00",
        "2015-13-01 00:00",
        "2015-01-01 25:00",
        "2015-01-01 24:10",
        "2015-01-01 00:61",
        "15-01-02 00:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59",
        "2015-01/02 00:00",
        "13/13/2015 00:00",
        "02-Foo-2015 00:00",
        "2015-01-01 13:00 PM",
        "2015-01-01 00:00+99:00",
        "\u0662\u0660\u0661\u0665-01-02 03:40",
        "99999999999999999999",
    ],
)
def test_what_says_no_time_or_an_impossible_one_is_not_read(text):
    assert read_stamp(text, PLAIN) is None


def test_day_first_is_what_the_site_file_says():
    assert read_stamp("03.04.2015 00:10", DAY_FIRST) == (seconds(2015, 4, 3, 0, 10), False)
    assert read_stamp("03/04/2015 00:10", PLAIN) == (seconds(2015, 3, 4, 0, 10), False)


def test_midnight_may_be_the_end_of_the_day_before():
    assert read_stamp("31.12.2014 24:00", DAY_FIRST) == (seconds(2015, 1, 1), False)


def test_a_given_format_is_the_only_one_that_is_read():
    given_format = TimeColumn(column="t", format="%d.%m.%y %H:%M")
    assert read_stamp("02.01.15 03:40", given_format) == (seconds(2015, 1, 2, 3, 40), False)
    assert read_stamp("2015-01-02 03:40", given_format) is None


def test_stamps_that_only_fit_the_other_order_are_counted():
    readings = read_stamps(["13/01/2015", "01/02/2015", "14/01/2015", "01/30/2015"], PLAIN)
    assert readings.readable.tolist() == [False, True, False, True]
    assert (readings.this_order, readings.other_order) == (1, 2)
    assert readings.misread in {"13/01/2015", "14/01/2015"}


@given(moments, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y%m%d%H%M%S"]))
def test_any_moment_comes_back_from_its_text(moment, layout):
    assert read_stamp(moment.strftime(layout), DAY_FIRST) == (
        int(moment.replace(tzinfo=UTC).timestamp()),
        False,
    )


@given(moments, st.integers(-14 * 4, 14 * 4))
def test_any_offset_leads_to_the_same_instant(moment, quarters):
    there = moment.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    assert read_stamp(there.isoformat(), PLAIN) == (int(there.timestamp()), True)


@given(st.lists(st.text(max_size=25) | st.from_regex(r"[0-9]{1,4}[-./][0-9 :TZ+.,-]{1,20}")))
def test_no_text_at_all_makes_it_fail(texts):
    readings = read_stamps(texts, PLAIN)
    assert len(readings.seconds) == len(texts)
    assert (readings.seconds[~readings.readable] == 0).all()


def test_numbers_are_seconds_or_smaller_units_since_1970():
    column = np.array([1420170000.0, 1420170000000.0, np.nan])
    readings = read_stamps(column, PLAIN)
    assert readings.seconds[:2].tolist() == [1420170000] * 2
    assert readings.absolute[:2].all()
    assert not readings.readable[2]


def test_typed_stamps_keep_their_gaps():
    column = Instants(np.array([1420170000, 0]), np.array([True, False]), aware=True)
    readings = read_stamps(column, PLAIN)
    assert readings.readable.tolist() == [True, False]
    assert readings.absolute.all()
