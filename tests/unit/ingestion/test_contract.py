import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_app_wind_draft.core.rows import StoredRows, TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS, Flag
from ml_app_wind_draft.ingestion.contract import Limits, flag_signals, judge

START = 1_420_070_400
STEP = 600
NOW = START + 1000 * STEP
NOTHING = StoredRows(
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.int64),
    np.empty((0, len(SIGNALS))),
    np.empty((0, len(SIGNALS)), dtype=np.uint8),
)


@pytest.fixture(scope="module")
def limits(site) -> Limits:
    return Limits.of(site, "R80711")


def made(count=1, first=START, **signals) -> TurbineRows:
    values = np.full((count, len(SIGNALS)), np.nan)
    defaults = {"power": 500.0, "wind_speed": np.arange(count) * 0.01 + 8}
    for name, value in (defaults | signals).items():
        values[:, SIGNAL_INDEX[name]] = value
    return TurbineRows("R80711", first + STEP * np.arange(count), values)


def reasons_of(rows: TurbineRows, limits: Limits, signal: str) -> list[str]:
    accepted = judge(rows, NOTHING, limits, NOW).changes.accepted
    return [Flag(code).name.lower() for code in accepted.reasons[:, SIGNAL_INDEX[signal]]]


@pytest.mark.parametrize(
    ("signal", "value"),
    [
        ("power", 2050 * 1.21),
        ("power", -300.0),
        ("wind_speed", 51.0),
        ("wind_speed", -0.1),
        ("wind_direction", 361.0),
        ("wind_direction_relative", -181.0),
        ("pitch_angle", -11.0),
        ("pitch_angle", 96.0),
        ("ambient_temperature", -273.2),
    ],
)
def test_an_implausible_value_is_flagged_and_its_row_stays(limits, signal, value):
    assert reasons_of(made(**{signal: value}), limits, signal) == ["out_of_range"]


def test_the_bounds_themselves_are_plausible(limits):
    plausible = made(2, pitch_angle=[-10.0, 95.0], wind_direction=[0.0, 360.0])
    assert reasons_of(plausible, limits, "pitch_angle") == ["none", "none"]
    assert reasons_of(plausible, limits, "wind_direction") == ["none", "none"]


def test_wind_is_stuck_from_the_sixth_equal_value_on(limits):
    assert reasons_of(made(8, wind_speed=8.0), limits, "wind_speed") == ["none"] * 5 + ["stuck"] * 3


def test_calm_is_not_stuck(limits):
    assert reasons_of(made(30, wind_speed=0.0, power=0.0), limits, "wind_speed") == ["none"] * 30


def test_a_gap_breaks_a_stuck_run(limits):
    broken = made(8, wind_speed=8.0)
    timestamp = broken.timestamp.copy()
    timestamp[4:] += STEP
    broken = TurbineRows("R80711", timestamp, broken.values)
    assert reasons_of(broken, limits, "wind_speed") == ["none"] * 8


def test_power_without_wind_doubts_the_anemometer(limits):
    assert reasons_of(made(wind_speed=0.0), limits, "wind_speed") == ["impossible_combination"]


def test_power_without_rotation_doubts_the_rotor_sensor(limits):
    assert reasons_of(made(rotor_speed=0.0), limits, "rotor_speed") == ["impossible_combination"]


def test_text_in_place_of_a_number_is_flagged_as_such(limits):
    column = SIGNAL_INDEX["wind_speed"]
    row = made(wind_speed=np.nan)
    row = TurbineRows(row.turbine_id, row.timestamp, row.values, {(0, column): "n/a"})
    accepted = judge(row, NOTHING, limits, NOW).changes.accepted
    assert accepted.reasons[0, column] == Flag.NOT_A_NUMBER
    assert accepted.unreadable == {(0, column): "n/a"}


def test_a_row_from_the_future_is_set_aside(limits):
    tolerated, future = made(first=NOW + 600), made(first=NOW + 1200)
    assert not judge(tolerated, NOTHING, limits, NOW).rejected
    (rejected,) = judge(future, NOTHING, limits, NOW).rejected
    assert rejected.reason == "future"
    assert rejected.original["power"] == "500.0"


@pytest.mark.parametrize(
    ("timestamp", "reason"), [(START + 1, "off_grid"), (0, "bad_timestamp"), (-1, "bad_timestamp")]
)
def test_a_stamp_that_cannot_be_is_set_aside(limits, timestamp, reason):
    (rejected,) = judge(made(first=timestamp), NOTHING, limits, NOW).rejected
    assert rejected.reason == reason


def test_two_different_rows_for_one_key_are_both_set_aside(limits):
    one, other = made(power=500.0), made(power=501.0)
    both = TurbineRows(
        "R80711",
        np.concatenate([one.timestamp, other.timestamp]),
        np.concatenate([one.values, other.values]),
    )
    judgement = judge(both, NOTHING, limits, NOW)
    assert [row.reason for row in judgement.rejected] == ["conflicting_duplicate"] * 2
    assert len(judgement.changes.accepted) == 0


def test_the_same_row_twice_is_one_row(limits):
    one = made()
    both = TurbineRows("R80711", np.repeat(one.timestamp, 2), np.repeat(one.values, 2, axis=0))
    judgement = judge(both, NOTHING, limits, NOW)
    assert (len(judgement.changes.accepted), judgement.unchanged) == (1, 1)


class Ledger:
    """Applies judgements the way the database does, in memory."""

    def __init__(self) -> None:
        self.stored = NOTHING

    def take(self, rows: TurbineRows, limits: Limits) -> None:
        changes = judge(rows, self.stored, limits, NOW).changes
        for part in (changes.accepted, changes.updated, changes.reflagged):
            kept = ~np.isin(self.stored.timestamp, part.timestamp)
            merged = [
                np.concatenate([getattr(self.stored, name)[kept], getattr(part, name)])
                for name in ("timestamp", "revision", "values", "reasons")
            ]
            order = np.argsort(merged[0])
            self.stored = StoredRows(*(column[order] for column in merged))


@settings(deadline=None)
@given(data=st.data())
def test_flags_come_out_the_same_however_rows_arrive(limits, data):
    count = data.draw(st.integers(2, 40))
    wind = data.draw(
        st.lists(st.sampled_from([0.0, 5.0, 6.0, 99.0, np.nan]), min_size=count, max_size=count)
    )
    present = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    whole = made(count, wind_speed=wind, ambient_temperature=12.0)
    chosen = np.flatnonzero(present)
    order = data.draw(st.permutations(chosen.tolist()))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(order)), max_size=5)))
    ledger = Ledger()
    for part in np.split(np.array(order, dtype=np.int64), cuts):
        ledger.take(TurbineRows("R80711", whole.timestamp[part], whole.values[part]), limits)
    expected = flag_signals(whole.timestamp[chosen], whole.values[chosen], limits)
    assert ledger.stored.timestamp.tolist() == whole.timestamp[chosen].tolist()
    assert (ledger.stored.reasons == expected).all()


@settings(deadline=None)
@given(data=st.data())
def test_no_row_is_lost_or_invented(limits, data):
    count = data.draw(st.integers(0, 30))
    stamps = data.draw(
        st.lists(
            st.integers(-(2**62), 2**62) | st.integers(0, 5).map(lambda i: START + i * STEP),
            min_size=count,
            max_size=count,
        )
    )
    values = np.array(
        data.draw(
            st.lists(st.floats() | st.sampled_from([1.0, 2.0]), min_size=count, max_size=count)
        )
    )
    rows = TurbineRows(
        "R80711",
        np.array(stamps, dtype=np.int64),
        np.repeat(values[:, None], len(SIGNALS), axis=1).reshape(count, len(SIGNALS)),
    )
    first = judge(rows, NOTHING, limits, NOW)
    changes = first.changes
    assert count == len(changes.accepted) + len(changes.updated) + first.unchanged + len(
        first.rejected
    )
