"""A model in shadow against the champion: enough rows, the same gates as in training."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.metrics import difference_of_days, paired_difference
from ml_app_wind_draft.pipelines.training.live_judging import (
    KEPT,
    REFUSED,
    UNKNOWN,
    LiveJudgement,
    judge_live,
)
from ml_app_wind_draft.pipelines.training.parameters import DAY, read_parameters
from ml_app_wind_draft.pipelines.training.sensitivity import Sensitivity, not_probed

PARAMETERS = read_parameters({})
START = 100 * DAY
QUICK = Sensitivity(pd.DataFrame({"hours": [20.0, 40.0], "found": True}))
SLOW = Sensitivity(pd.DataFrame({"hours": [50.0, 150.0], "found": [True, False]}))


def pairs_of(days: int, *, error: float = 10.0, champion_error: float = 20.0) -> pd.DataFrame:
    """Two turbines at 500 kW, errors with a fixed size and scatter, and bands of 80 %."""
    random = np.random.default_rng(3)
    stamps = np.repeat(START + 600 * np.arange(144 * days, dtype=np.int64), 2)
    count = len(stamps)
    noise = random.normal(0, 1, count)
    table = pd.DataFrame(
        {
            "turbine_id": np.tile(["A", "B"], count // 2),
            "timestamp": stamps,
            "power": 500.0,
            "wind_speed": random.choice([7.0, 8.0, 9.0], count),
            "shadow_power": 500 + error * noise,
            "expected_power": 500 + champion_error * noise,
        }
    )
    for name, of, size in (
        ("shadow_p", "shadow_power", error),
        ("expected_power_p", "expected_power", champion_error),
    ):
        table[f"{name}10"] = table[of] - 1.2816 * size
        table[f"{name}90"] = table[of] + 1.2816 * size
    return table


def judged(pairs: pd.DataFrame, own=QUICK, reference=QUICK) -> LiveJudgement:
    now = int(pairs["timestamp"].max()) + 600 if len(pairs) else START
    return judge_live(pairs, 7, PARAMETERS, now, lambda: (own, reference))


def results(judgement: LiveJudgement) -> list[str]:
    return [each.result for each in judgement.gates]


def test_a_better_shadow_that_keeps_to_all_gates_is_to_be_promoted():
    judgement = judged(pairs_of(20))
    assert judgement.verdict.promote
    assert judgement.verdict.against == 7
    assert results(judgement) == [KEPT] * 5
    assert judgement.missing is None
    assert (judgement.rows, judgement.days) == (20 * 288, 20)
    assert (judgement.first, judgement.last) == (START, START + 20 * DAY - 600)
    assert judgement.mae == pytest.approx(judgement.champion_mae / 2)
    assert judgement.coverage == pytest.approx(0.80, abs=0.02)
    assert judgement.difference is not None
    assert judgement.difference.high < 0


def test_noise_is_no_improvement():
    judgement = judged(pairs_of(20, champion_error=10.0))
    assert not judgement.verdict.promote
    assert "may be noise" in judgement.verdict.why
    assert results(judgement)[:2] == [REFUSED, REFUSED]


def test_one_turbine_does_not_pay_for_the_other():
    pairs = pairs_of(20)
    paying = pairs["turbine_id"] == "B"
    pairs.loc[paying, "shadow_power"] = 500 + 1.3 * (pairs.loc[paying, "expected_power"] - 500)
    pairs.loc[~paying, "shadow_power"] = 500.0
    judgement = judged(pairs)
    assert not judgement.verdict.promote
    assert "turbine B" in judgement.verdict.why
    assert results(judgement)[2] == REFUSED


def test_a_band_that_does_not_hold_on_these_rows_is_refused():
    pairs = pairs_of(20)
    pairs["shadow_p10"], pairs["shadow_p90"] = pairs["shadow_power"] - 1, pairs["shadow_power"] + 1
    judgement = judged(pairs)
    assert not judgement.verdict.promote
    assert results(judgement)[3] == REFUSED


def test_a_shadow_that_hides_faults_is_refused():
    judgement = judged(pairs_of(20), own=SLOW)
    assert not judgement.verdict.promote
    assert results(judgement) == [KEPT] * 4 + [REFUSED]


def test_where_no_fault_could_be_tried_that_is_said():
    judgement = judged(pairs_of(20), own=not_probed(), reference=not_probed())
    assert judgement.verdict.promote
    assert results(judgement)[4] == UNKNOWN


def test_too_few_days_are_counted_and_foreseen_and_no_fault_is_tried():
    pairs = pairs_of(10)  # 2,880 rows are enough, 10 of 14 days are not

    def never():
        pytest.fail("nobody asked for faults")

    judgement = judge_live(pairs, 7, PARAMETERS, START + 10 * DAY, never)
    assert judgement.missing is not None
    assert (judgement.missing.rows, judgement.missing.days) == (0, 4)
    assert judgement.missing.about == START + 14 * DAY
    assert not judgement.verdict.promote
    assert "4 more days" in judgement.verdict.why
    assert judgement.mae < judgement.champion_mae, "the figures so far are shown"


def test_too_few_rows_are_foreseen_at_the_pace_so_far():
    pairs = pairs_of(15).iloc[::4]  # 1,080 rows in 15 days
    judgement = judge_live(pairs, 7, PARAMETERS, START + 15 * DAY, lambda: (QUICK, QUICK))
    assert judgement.missing is not None
    assert (judgement.missing.rows, judgement.missing.days) == (920, 0)
    assert judgement.missing.about == pytest.approx(START + 15 * DAY * 2000 / 1080, abs=DAY)


def test_without_any_row_nothing_is_foreseen():
    judgement = judged(pairs_of(1).iloc[:0])
    assert judgement.missing is not None
    assert (judgement.missing.rows, judgement.missing.about) == (2000, None)
    assert np.isnan(judgement.mae)
    assert not judgement.verdict.promote


def test_sums_of_days_give_the_interval_of_their_rows():
    pairs = pairs_of(20)
    errors = (pairs["shadow_power"] - 500, pairs["expected_power"] - 500)
    by_day = [each.abs().groupby(pairs["timestamp"] // DAY) for each in errors]
    of_days = difference_of_days(
        by_day[0].sum().to_numpy(), by_day[1].sum().to_numpy(), by_day[0].size().to_numpy()
    )
    of_rows = paired_difference(
        *(each.to_numpy() for each in errors), pairs["timestamp"].to_numpy()
    )
    assert of_days.low == pytest.approx(of_rows.low)
    assert of_days.relative == pytest.approx(of_rows.relative)
    assert (of_days.rows, of_days.days) == (of_rows.rows, of_rows.days)
