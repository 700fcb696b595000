import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.signals import CONVERSIONS, SIGNAL_INDEX, SIGNALS, signal
from ml_app_wind_draft.core.site import SignalColumn
from ml_app_wind_draft.ingestion.plausibility import Sample, unit_fault

COLUMNS = {"power": "P_avg", "wind_speed": "Ws_avg", "ambient_temperature": "Ot_avg"}


@pytest.fixture(scope="module")
def recorded(site):
    frame = pd.read_parquet(site.replay.path)
    values = np.full((len(frame), len(SIGNALS)), np.nan)
    for name, column in site.columns.signals.items():
        values[:, SIGNAL_INDEX[name]] = frame[column.column]
    return values


def sample_of(values):
    sample = Sample()
    for part in np.array_split(values, max(1, len(values) // 50_000)):
        sample.add(part, np.full(len(part), 2050.0), np.arange(len(part)))
    return sample


def said_in(site, values, name, written, said):
    """Values that are written in one unit while the site file says another."""
    factor, offset = CONVERSIONS[signal(name).unit][written]
    said_factor, said_offset = CONVERSIONS[signal(name).unit][said]
    wrong = values.copy()
    place = SIGNAL_INDEX[name]
    wrong[:, place] = (wrong[:, place] - offset) / factor * said_factor + said_offset
    columns = site.columns
    signals = {**columns.signals, name: SignalColumn(column="x", unit=said)}
    columns = columns.model_copy(update={"signals": signals})
    return site.model_copy(update={"columns": columns}), wrong


@pytest.mark.parametrize("rows", [6, 144, 4 * 144, 4 * 4320, 420_480])
@pytest.mark.parametrize("start", [0, 100_000, 250_000])
def test_real_data_are_not_doubted(site, recorded, rows, start):
    assert unit_fault(site, sample_of(recorded[start : start + rows])) is None


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("power", "W", "kW"),
        ("power", "MW", "kW"),
        ("power", "kW", "MW"),
        ("power", "kW", "W"),
        ("wind_speed", "km/h", "m/s"),
        ("wind_speed", "kn", "m/s"),
        ("wind_speed", "mph", "m/s"),
        ("wind_speed", "m/s", "km/h"),
        ("ambient_temperature", "K", "°C"),
        ("ambient_temperature", "°F", "°C"),
        ("ambient_temperature", "°C", "K"),
        ("wind_direction", "rad", "deg"),
        ("wind_direction", "deg", "rad"),
        ("nacelle_direction", "rad", "deg"),
    ],
)
def test_a_year_in_another_unit_is_noticed_and_the_unit_named(site, recorded, name, written, said):
    wrong_site, wrong = said_in(site, recorded[:210_000], name, written, said)
    fault = unit_fault(wrong_site, sample_of(wrong))
    assert fault is not None
    assert (fault.signal, fault.unit) == (name, said)
    assert written in fault.fitting


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [("power", "W", "kW"), ("ambient_temperature", "K", "°C"), ("ambient_temperature", "°C", "K")],
)
def test_a_handful_of_rows_is_enough_where_no_value_is_plausible(
    site, recorded, name, written, said
):
    wrong_site, wrong = said_in(site, recorded[:6], name, written, said)
    fault = unit_fault(wrong_site, sample_of(wrong))
    assert fault is not None
    assert written in fault.fitting
    place = SIGNAL_INDEX[name]
    factor, offset = CONVERSIONS[signal(name).unit][written]
    assert fault.value == pytest.approx((recorded[fault.row, place] - offset) / factor, rel=1e-6)


def test_a_dead_sensor_of_one_turbine_does_not_stop_the_import(site, recorded):
    values = recorded[:40_000].copy()
    values[::4, SIGNAL_INDEX["ambient_temperature"]] = -273.2
    values[1::4, SIGNAL_INDEX["power"]] = 0
    assert unit_fault(site, sample_of(values)) is None


def test_a_column_that_is_something_else_is_refused_without_a_unit(site, recorded):
    values = recorded[:1000].copy()
    values[:, SIGNAL_INDEX["ambient_temperature"]] = 5000 + np.arange(1000)
    fault = unit_fault(site, sample_of(values))
    assert fault is not None
    assert (fault.signal, fault.fitting) == ("ambient_temperature", ())


def test_nothing_to_judge_is_no_fault(site):
    assert unit_fault(site, Sample()) is None
