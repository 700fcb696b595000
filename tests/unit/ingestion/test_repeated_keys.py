from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml_app_wind_draft.ingestion.repeated_keys import PAGE, RepeatedKeys, digests

STEP = 600
rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0, 1, 2, PAGE - 1, PAGE, 5 * PAGE]),
        st.sampled_from([0.0, -0.0, 1.5, float("nan")]),
    ),
    max_size=40,
)


def as_arrays(some):
    turbine = np.array([row[0] for row in some], dtype=np.int64)
    instant = np.array([row[1] * STEP for row in some], dtype=np.int64)
    values = np.array([[row[2], 7.0] for row in some], dtype=np.float64).reshape(-1, 2)
    return turbine, instant, values


@given(rows, st.integers(0, 40))
def test_a_key_conflicts_exactly_if_its_rows_differ_anywhere_in_the_file(some, cut):
    keys = RepeatedKeys(STEP)
    for part in (some[:cut], some[cut:]):
        keys.note(*as_arrays(part))
    said = defaultdict(set)
    for turbine, slot, value in some:
        said[turbine, slot].add("nan" if np.isnan(value) else value + 0.0)
    turbine, instant, _ = as_arrays(some)
    expected = [len(said[row[0], row[1]]) > 1 for row in some]
    assert keys.conflicting(turbine, instant).tolist() == expected


def test_rows_off_the_grid_are_left_to_the_contract():
    keys = RepeatedKeys(STEP)
    turbine, instant = np.zeros(2, dtype=np.int64), np.full(2, 7)
    keys.note(turbine, instant, np.array([[1.0], [2.0]]))
    assert not keys.conflicting(turbine, instant).any()


def test_rows_that_differ_in_one_value_have_different_digests():
    values = np.random.default_rng(1).normal(size=(20_000, 10)).round(2)
    assert len(np.unique(digests(values))) == 20_000
    swapped = values[:, ::-1]
    assert not (digests(values) == digests(swapped)).any()
