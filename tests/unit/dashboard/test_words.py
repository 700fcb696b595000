"""Numbers, times and states in the words of the page."""

import math

import pytest

from ml_app_wind_draft.dashboard import words


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1895.4, 0, "1,895"),
        (-4.72, 1, "\N{MINUS SIGN}4.7"),
        (-0.01, 1, "0.0"),
        (0, 0, "0"),
        (None, 0, "\N{EN DASH}"),
        (math.nan, 1, "\N{EN DASH}"),
    ],
)
def test_numbers_have_separators_and_missing_is_a_dash(value, decimals, text):
    assert words.number(value, decimals) == text


def test_a_sign_stands_before_what_is_not_zero():
    assert [words.signed(each) for each in (12.0, -12.0, 0.2, None)] == [
        "+12",
        "\N{MINUS SIGN}12",
        "0",
        "\N{EN DASH}",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12, "12 s"), (250, "4 min"), (3600, "1 h"), (11_400, "3 h 10 min"), (187_200, "2 d 4 h")],
)
def test_durations_are_said_in_two_units_at_most(seconds, text):
    assert words.duration(seconds) == text


def test_every_time_names_its_zone():
    instant = 1421229600  # 2015-01-14 10:00
    assert words.clock_time(instant) == "10:00 UTC"
    assert words.day_time(instant) == "14 Jan, 10:00 UTC"
    assert words.moment(instant) == "14 Jan 2015, 10:00 UTC"


def test_small_turbines_keep_decimals():
    assert [words.decimals_of(each) for each in (2050, 250, 10)] == [0, 1, 2]
