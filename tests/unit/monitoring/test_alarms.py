"""The alarm rules against a second telling of them, row by row and without any shortcut."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.alarms import Alarm
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.monitoring.alarms import (
    MODEL_DOUBT,
    RULES,
    UNDER_PERFORMANCE,
    all_alarms,
    digest,
    least_rows,
    measures,
)

STEP, HOUR, DAY = 600, 3600, 86_400
START = 1_420_070_400
TURBINE = "R80711"


def rows(share: np.ndarray | float, expected: float = 1000.0, count: int = 0) -> pd.DataFrame:
    """Rows that make `share` of what is expected."""
    share = np.full(count, share) if count else np.asarray(share)
    return pd.DataFrame(
        {
            "timestamp": START + STEP * np.arange(len(share), dtype=np.int64),
            "power": share * expected,
            "expected_power": expected,
        }
    )


def told_plainly(frame: pd.DataFrame, site: Site) -> list[Alarm]:
    """definitions.md, word by word."""
    found = []
    for rule in RULES:
        limits = getattr(site.alarms, rule)
        start, peak, run, total = None, 0.0, 0, 0.0
        for now, power, expected in frame.itertuples(index=False):
            measure = measured_plainly(frame, now, rule, site)
            if start is None:
                run += 0 if np.isnan(measure) else 1
                run = 0 if measure <= limits.raise_above else run
                if run == 36:
                    start, peak, run, total = now, measure, 0, expected - power
                continue
            run += 0 if np.isnan(measure) else 1
            run = 0 if measure >= limits.clear_below else run
            if run == 12:
                found.append(Alarm(rule, start, now, peak, total / 6))
                start, run = None, 0
                continue
            peak = max(peak, -1 if np.isnan(measure) else measure)
            total += expected - power
        if start is not None:
            found.append(Alarm(rule, start, None, peak, total / 6))
    return sorted(found, key=lambda each: (each.start, each.rule))


def measured_plainly(frame: pd.DataFrame, now: int, rule: str, site: Site) -> float:
    window = frame[(frame["timestamp"] > now - DAY) & (frame["timestamp"] <= now)]
    lost = window["expected_power"] - window["power"]
    if len(window) < 72:
        return np.nan
    if rule == MODEL_DOUBT:
        return lost.abs().mean() / site.turbines[TURBINE].rated_power
    expected = window["expected_power"].sum()
    return lost.sum() / expected if expected > 0 else np.nan


@pytest.mark.parametrize("seed", range(6))
def test_the_rules_are_those_of_the_definition(site, seed):
    random = np.random.default_rng(seed)
    count = 900
    level = 1 - np.repeat(random.choice([0.0, 0.02, 0.04, 0.08, 0.3], 12), count // 12)
    frame = rows(level + random.normal(0, 0.02, count))
    frame["expected_power"] = np.round(random.uniform(-20, 2000, count), 3)
    frame["power"] = np.round(frame["expected_power"] * (level + random.normal(0, 0.02, count)), 3)
    frame = frame[random.random(count) > 0.2]
    frame = frame.drop(frame.index[300:400]).reset_index(drop=True)
    ours, plainly = all_alarms(frame, TURBINE, site), told_plainly(frame, site)
    assert [(each.rule, each.start, each.end) for each in ours] == [
        (each.rule, each.start, each.end) for each in plainly
    ]
    assert [each.peak for each in ours] == pytest.approx([each.peak for each in plainly])
    assert [each.energy for each in ours] == pytest.approx([each.energy for each in plainly])
    assert ours, "a test without alarms tests nothing"


def test_ten_percent_too_little_is_an_alarm_once_it_has_lasted_for_six_hours(site):
    alarm, *others = all_alarms(rows(0.9, count=200), TURBINE, site)
    assert not others
    judged = 72 - 1  # the first row whose window holds enough
    assert alarm.start == START + STEP * (judged + 36 - 1)
    assert (alarm.rule, alarm.end) == (UNDER_PERFORMANCE, None)
    assert alarm.peak == pytest.approx(0.1)
    assert alarm.energy == pytest.approx((200 - judged - 35) * 100 / 6)


def test_exactly_five_percent_is_no_alarm(site):
    assert all_alarms(rows(0.95, count=400), TURBINE, site) == []


def test_as_expected_again_it_clears_and_the_row_that_clears_is_not_in_the_alarm(site):
    share = np.repeat([0.9, 1.0], [200, 300])
    (alarm,) = all_alarms(rows(share), TURBINE, site)
    measure = measures(rows(share), TURBINE, site)[UNDER_PERFORMANCE]
    below = np.flatnonzero(measure < 0.03)
    assert alarm.end == START + STEP * (below[0] + 12 - 1)


def test_five_hours_and_fifty_minutes_are_no_alarm_and_do_not_add_up(site):
    share = np.ones(600)
    # the window is above 5 % for exactly 35 rows, twice
    for at in (200, 400):
        share[at] = 1 - 0.0500001 * 144
        share[at + 35] = 1 + 0.0500001 * 144
    measure = measures(rows(share), TURBINE, site)[UNDER_PERFORMANCE]
    assert (measure > 0.05).sum() == 70
    assert all_alarms(rows(share), TURBINE, site) == []


def test_a_gap_neither_counts_nor_clears(site):
    frame = rows(0.9, count=400)
    whole = all_alarms(frame, TURBINE, site)[0]
    # twenty rows are above the limit, then there is nothing for ten hours
    cut = 72 + 20
    with_gap = pd.concat([frame[:cut], frame[cut + 60 :]], ignore_index=True)
    alarm = all_alarms(with_gap, TURBINE, site)[0]
    assert alarm.start == whole.start + 60 * STEP, "the hours of the gap do not count"
    late = pd.concat([frame[:250], frame[250 + 144 :]], ignore_index=True)
    assert all_alarms(late, TURBINE, site)[0].end is None, "and they do not clear"


def test_too_few_rows_in_a_day_say_nothing(site):
    sparse = rows(0.5, count=1000)[::3].reset_index(drop=True)  # 48 a day
    assert all_alarms(sparse, TURBINE, site) == []


def test_power_that_scatters_without_a_loss_doubts_the_model(site):
    share = 1 + 0.5 * np.resize([1, -1], 400)
    (alarm,) = all_alarms(rows(share), TURBINE, site)
    assert alarm.rule == MODEL_DOUBT
    assert alarm.peak == pytest.approx(500 / 2050)
    assert abs(alarm.energy) <= 500 / 6


def test_nothing_is_expected_so_nothing_can_be_missing(site):
    calm = rows(1.0, count=400)
    calm[["power", "expected_power"]] = [-10.0, 0.0]
    assert all_alarms(calm, TURBINE, site) == []


def test_a_site_can_keep_the_rule_silent_in_a_calm(site):
    calm = rows(0.5, expected=30.0, count=400)
    assert len(all_alarms(calm, TURBINE, site)) == 1
    alarms = site.alarms.model_copy(update={"least_expected": 0.02})
    assert all_alarms(calm, TURBINE, site.model_copy(update={"alarms": alarms})) == []
    windy = rows(0.5, expected=41.0, count=400)
    assert len(all_alarms(windy, TURBINE, site.model_copy(update={"alarms": alarms}))) == 1


def test_no_rows_no_alarms(site):
    assert all_alarms(rows(1.0, count=1)[:0], TURBINE, site) == []


def test_half_of_a_window_is_needed_unless_the_site_says_otherwise(site):
    quarters = site.model_copy(update={"sampling_minutes": 15})
    assert (least_rows(site), least_rows(quarters)) == (72, 48)
    own = site.model_copy(update={"alarms": site.alarms.model_copy(update={"least_rows": 10})})
    assert least_rows(own) == 10


def test_the_site_s_limits_are_followed_and_change_the_digest(site):
    strict = site.alarms.under_performance.model_copy(
        update={"raise_above": 0.01, "clear_below": 0.0}
    )
    alarms = site.alarms.model_copy(update={"under_performance": strict})
    stricter = site.model_copy(update={"alarms": alarms})
    frame = rows(0.97, count=300)
    assert all_alarms(frame, TURBINE, site) == []
    assert len(all_alarms(frame, TURBINE, stricter)) == 1
    assert digest(site, TURBINE) != digest(stricter, TURBINE)
