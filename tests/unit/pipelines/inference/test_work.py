"""Which history is read along with waiting rows."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.neighbours import references
from ml_app_wind_draft.pipelines.feature_eng.nodes import LAGS, lag_seconds
from ml_app_wind_draft.pipelines.inference.work import MOST_STRETCHES, context_stretches

STEP = 600
START = 1_420_070_400


def waiting(*rows: tuple[str, int]) -> pd.DataFrame:
    """Turbine and number of the ten-minute step."""
    turbines, steps = zip(*rows, strict=True)
    return pd.DataFrame(
        {"turbine_id": turbines, "timestamp": START + STEP * np.array(steps, dtype=np.int64)}
    )


def farm_waiting(*steps: int) -> pd.DataFrame:
    turbines = ("R80711", "R80721", "R80736", "R80790")
    return waiting(*((turbine, step) for turbine in turbines for step in steps))


def test_new_rows_need_the_steps_just_before_them(site: Site) -> None:
    rows = farm_waiting(10)
    assert context_stretches(rows, site) == [(START + STEP * 5, START + STEP * 9 + 1)]


def test_a_row_that_waits_without_the_others_needs_them_too(site: Site) -> None:
    rows = waiting(("R80711", 10), ("R80721", 10))
    assert context_stretches(rows, site) == [(START + STEP * 5, START + STEP * 10 + 1)]


def test_a_dense_batch_needs_no_history_but_before_its_first_row(site: Site) -> None:
    rows = farm_waiting(*range(1000))
    assert context_stretches(rows, site) == [(START - STEP * 5, START - STEP + 1)]


def test_late_rows_far_apart_do_not_read_what_lies_between(site: Site) -> None:
    rows = farm_waiting(0, 50_000)
    assert context_stretches(rows, site) == [
        (START - STEP * 5, START - STEP + 1),
        (START + STEP * 49_995, START + STEP * 49_999 + 1),
    ]


def test_a_thousand_scattered_rows_make_a_bounded_number_of_stretches(site: Site) -> None:
    rows = waiting(*(("R80711", step * 100) for step in range(1000)))
    assert len(context_stretches(rows, site)) == MOST_STRETCHES


def test_nothing_waiting_needs_nothing(site: Site) -> None:
    nothing = pd.DataFrame({"turbine_id": [], "timestamp": np.array([], dtype=np.int64)})
    assert context_stretches(nothing, site) == []


@given(
    st.sets(
        st.tuples(st.sampled_from(["R80711", "R80721", "R80736"]), st.integers(0, 400)),
        min_size=1,
        max_size=60,
    )
)
def test_every_lag_and_every_other_is_waiting_itself_or_in_a_stretch(
    site: Site, rows: set[tuple[str, int]]
) -> None:
    frame = waiting(*sorted(rows))
    stretches = context_stretches(frame, site)
    present = set(zip(frame["turbine_id"], frame["timestamp"], strict=True))
    for turbine, timestamp in present:
        for lag in range(1, LAGS + 1):
            wanted = timestamp - lag * lag_seconds(site)
            found = (turbine, wanted) in present
            assert found or any(start <= wanted < end for start, end in stretches)
        for other in references(site)[turbine]:
            found = (other, timestamp) in present
            assert found or any(start <= timestamp < end for start, end in stretches)
