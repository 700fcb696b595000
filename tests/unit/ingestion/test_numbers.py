import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_app_wind_draft.ingestion.numbers import recognise_decimal, to_numbers

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("12.5", ".", 12.5),
        (" -3 ", ".", -3),
        ("+.5", ".", 0.5),
        ("1e3", ".", 1000),
        ("1,234.5", ".", 1234.5),
        ("12,5", ",", 12.5),
        ("1.234,5", ",", 1234.5),
        ("1 234,5", ",", 1234.5),
        ("1\u202f234,5", ",", 1234.5),
        ("1'234.5", ".", 1234.5),
        ("\u22124,0", ",", -4),
    ],
)
def test_numbers_are_read_with_either_mark(text, decimal, number):
    values, unreadable = to_numbers([text], decimal)
    assert (values.tolist(), unreadable) == ([number], {})


@pytest.mark.parametrize("text", ["", " ", "-", "NaN", "null", "N/A", "#N/A", "None"])
def test_marks_for_missing_are_missing_and_nothing_to_report(text):
    values, unreadable = to_numbers([text, "1"], ".")
    assert math.isnan(values[0])
    assert unreadable == {}


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("Error", "."),
        ("1,5", "."),
        ("1,234", "."),
        ("1.234", ","),
        ("1_000", "."),
        ("inf", "."),
        ("-Infinity", ","),
        ("1e999", "."),
        ("0x1A", "."),
        ("12 kW", "."),
        ("1.2.3", "."),
        (".", "."),
        ("e5", "."),
    ],
)
def test_what_is_no_number_or_may_be_two_is_kept_as_text(text, decimal):
    values, unreadable = to_numbers(["1", text], decimal)
    assert math.isnan(values[1])
    assert unreadable == {1: text}


@given(st.lists(finite), st.sampled_from([".", ","]))
def test_written_numbers_come_back(numbers, decimal):
    values, unreadable = to_numbers([repr(x).replace(".", decimal) for x in numbers], decimal)
    assert values.tolist() == numbers
    assert unreadable == {}


@given(st.lists(st.text(max_size=12)), st.sampled_from([".", ","]))
def test_any_text_is_a_finite_number_or_missing_or_reported(texts, decimal):
    values, unreadable = to_numbers(texts, decimal)
    assert len(values) == len(texts)
    for row, value in enumerate(values.tolist()):
        assert not math.isinf(value)
        assert not (row in unreadable and not math.isnan(value))


@given(st.lists(st.text(max_size=12)), st.sampled_from([".", ","]))
def test_a_text_is_read_the_same_whatever_stands_beside_it(texts, decimal):
    together, unreadable = to_numbers(texts, decimal)
    for row, text in enumerate(texts):
        alone, alone_unreadable = to_numbers([text], decimal)
        assert alone.tolist() == [together[row]] or math.isnan(alone[0]) == math.isnan(
            together[row]
        )
        assert (row in unreadable) == bool(alone_unreadable)


def test_the_decimal_mark_is_the_one_that_most_numbers_use():
    assert recognise_decimal(["1,5", "2,25", "3", ""]) == ","
    assert recognise_decimal(["1.5", "2,25", "3.0"]) == "."
    assert recognise_decimal([]) == "."
