"""The alarm table and the sums against everything worked out anew from the stored rows."""

import importlib
from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.core.site import AlarmLimits, Alarms, Site
from ml_app_wind_draft.core.states import NORMAL, NOT_NORMAL
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.monitoring import alarms as rules
from ml_app_wind_draft.services.alarm_watch import AlarmWatch, wrong_alarms
from ml_app_wind_draft.storage.data_manager import DataManager

START, STEP, DAY = 1_420_070_400, 600, 86_400
ALL = (0, 2**40)
DAYS = 12
EXPECTED = 1000.0
TURBINES = ("R80711", "R80721")


@pytest.fixture
def quick(site: Site) -> Site:
    """Rules that come and go within a day."""
    limits = AlarmLimits(raise_after_hours=1, clear_after_hours=0.5)
    alarms = Alarms(window_hours=4, under_performance=limits, model_doubt=limits)
    return site.model_copy(update={"alarms": alarms})


@pytest.fixture
def short_looks(monkeypatch):
    """A stretch is judged in several turns."""
    monkeypatch.setattr(rules, "LOOK_BEYOND", DAY)
    monkeypatch.setattr(rules, "LONGEST_LOOK", 3 * DAY)


class Farm:
    """Two turbines whose rows come, are corrected and are scored in any order."""

    def __init__(self, manager: DataManager, site: Site, seed: int) -> None:
        self.manager, self.site = manager, site
        self.random = np.random.default_rng(seed)
        self.watch = AlarmWatch(manager, site)
        self.sensor_freezes = False
        level = self.random.choice([1.0, 1.0, 0.98, 0.9, 0.6], (2, DAYS * 6))
        share = np.repeat(level, 24, axis=1) + self.random.normal(0, 0.02, (2, DAYS * 144))
        self.power = share * EXPECTED
        self.waiting = self.random.random((2, DAYS * 144)) > 0.1  # the others never come

    def bring(self, turbine: int, places: np.ndarray) -> None:
        if not len(places):
            return
        values = np.full((len(places), len(SIGNALS)), np.nan)
        values[:, SIGNAL_INDEX["power"]] = self.power[turbine, places]
        values[:, SIGNAL_INDEX["wind_speed"]] = self.random.uniform(5, 12, len(places))
        if (
            self.sensor_freezes and self.random.random() < 0.2
        ):  # a wind speed that stands still is found out with the sixth row
            values[:, SIGNAL_INDEX["wind_speed"]] = 7.0
        rows = TurbineRows(TURBINES[turbine], START + STEP * places, values)
        ingest(self.manager, self.site, [rows], source="test")

    def some_come(self) -> None:
        turbine = int(self.random.integers(2))
        left = np.flatnonzero(self.waiting[turbine])
        if not len(left):
            return
        first = 0 if self.random.random() < 0.7 else self.random.integers(len(left))
        places = left[first : first + self.random.integers(1, 400)]
        if self.random.random() < 0.5:  # a few stay behind and come late
            places = places[self.random.random(len(places)) > 0.1]
        self.waiting[turbine, places] = False
        self.bring(turbine, places)

    def some_are_corrected(self) -> None:
        turbine = int(self.random.integers(2))
        here = np.flatnonzero(~self.waiting[turbine])
        if len(here):
            first = self.random.integers(len(here))
            places = here[first : first + self.random.integers(1, 60)]
            self.power[turbine, places] *= self.random.choice([0.5, 0.95, 1.1])
            self.bring(turbine, places)

    def some_are_scored(self, limit: int | None = None) -> None:
        work = self.manager.open_work(limit or int(self.random.integers(1, 2000)))
        if work.empty:
            return
        self.manager.save_outcomes(self.outcomes(work, 1))

    def some_are_scored_again(self) -> None:
        start = START + DAY * int(self.random.integers(DAYS))
        rows = self.manager.raw_range(start, start + DAY)
        if len(rows):
            seen = self.outcomes(rows, 2).assign(in_sample=bool(self.random.random() < 0.5))
            self.manager.save_outcomes(seen, backfill=True)

    def outcomes(self, rows: pd.DataFrame, version: int) -> pd.DataFrame:
        # a function of the row, so that any order gives the same
        wobble = (rows["timestamp"].to_numpy() // STEP * 7919) % 100 / 10
        expected = EXPECTED + wobble
        normal = (rows["timestamp"].to_numpy() // STEP) % 11 != 0
        known = rows["wind_speed"].notna().to_numpy()
        return rows[["turbine_id", "timestamp", "revision"]].assign(
            model_version=version,
            status=np.where(known, "predicted", "no_input"),
            reason=[None if each else "wind_speed is missing" for each in known],
            expected_power=np.where(known, expected, np.nan),
            expected_power_p10=np.where(known, expected - 50, np.nan),
            expected_power_p90=np.where(known, expected + 50, np.nan),
            state=np.where(normal, NORMAL, NOT_NORMAL),
            in_sample=False,
        )

    def settle(self) -> None:
        while len(self.manager.open_work(1)):
            self.some_are_scored(5000)
        turns = 0
        while self.watch.turn():
            turns += 1
            assert turns < 200, "judging does not come to an end"
        assert self.manager.judging_work(TURBINES) == []

    def from_scratch(self) -> list[tuple]:
        return [
            (turbine, *astuple(each))
            for turbine in TURBINES
            for each in rules.all_alarms(
                self.manager.normal_rows(turbine, *ALL, NORMAL), turbine, self.site
            )
        ]

    def stored(self) -> list[tuple]:
        frame = self.manager.alarms(*ALL)
        return [
            (t, rule, start, None if np.isnan(end) else int(end), peak, energy)
            for t, rule, start, end, peak, energy in frame.itertuples(index=False)
        ]


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_the_alarms_are_those_of_the_rules_run_from_scratch(
    manager, quick, short_looks, seed
):
    farm = Farm(manager, quick, seed)
    farm.sensor_freezes = True
    happenings = [
        farm.some_come,
        farm.some_come,
        farm.some_are_corrected,
        farm.some_are_scored,
        farm.some_are_scored_again,
        farm.watch.turn,
    ]
    seen = 0
    for number in range(60):
        happenings[farm.random.integers(len(happenings))]()
        if number % 15 == 14:
            farm.settle()
            assert farm.stored() == farm.from_scratch()
            seen += len(farm.stored())
    assert seen > 5, "a test without alarms tests nothing"
    assert sums_of(manager, "hourly") == counted(manager, 3600)
    assert sums_of(manager, "daily") == counted(manager, DAY)
    assert manager.check() == []
    assert wrong_alarms(manager, quick) == []


def sums_of(manager: DataManager, table: str) -> dict[tuple, tuple]:
    frame = getattr(manager, table)(*ALL)
    return {tuple(row[:3]): rounded(row[3:]) for row in frame.itertuples(index=False)}


def counted(manager: DataManager, size: int) -> dict[tuple, tuple]:
    """The sums worked out from rows and outcomes as anyone can read them."""
    raw, outcomes = manager.raw_range(*ALL), manager.predictions_range(*ALL)
    keys = ["turbine_id", "timestamp", "revision"]
    joined = raw.merge(outcomes.drop(columns="reason"), on=keys, how="left")
    joined["state"] = joined["state"].where(joined["state"].notna(), "")
    joined["start"] = joined["timestamp"] // size * size
    compared = joined[["power", "wind_speed", "expected_power"]].notna().all(axis=1)
    power, expected = joined["power"].where(compared), joined["expected_power"].where(compared)
    columns = joined[["turbine_id", "start", "state"]].assign(
        rows=1,
        measured=joined["power"].notna().astype(int),
        power_sum=joined["power"].fillna(0),
        compared=compared.astype(int),
        compared_power_sum=power.fillna(0),
        expected_sum=expected.fillna(0),
        abs_error_sum=(expected - power).abs().fillna(0),
    )
    summed = columns.groupby(["turbine_id", "start", "state"]).sum()
    return {key: rounded(row) for key, row in zip(summed.index, summed.to_numpy(), strict=True)}


def rounded(values) -> tuple:
    return tuple(round(float(value), 3) for value in values)


def test_without_changes_there_is_nothing_to_judge(manager, quick):
    farm = Farm(manager, quick, 0)
    farm.bring(0, np.arange(500))
    farm.settle()
    assert farm.watch.turn() is False
    assert farm.stored() == farm.from_scratch()


def test_other_limits_in_the_site_file_judge_all_rows_anew(manager, quick, site):
    farm = Farm(manager, quick, 1)
    farm.bring(0, np.arange(1500))
    farm.settle()
    before = farm.stored()
    farm.site = site
    farm.watch = AlarmWatch(manager, site)
    farm.settle()
    assert farm.stored() == farm.from_scratch() != before


def test_a_judgement_of_rows_that_changed_meanwhile_is_not_stored(manager, quick):
    farm = Farm(manager, quick, 2)
    farm.bring(0, np.arange(600))
    while len(manager.open_work(1)):
        farm.some_are_scored(5000)
    farm.watch.turn()
    farm.bring(0, np.arange(600, 700))
    farm.some_are_scored(5000)
    (work,) = manager.judging_work(TURBINES)
    rows = manager.normal_rows(work.turbine_id, *rules.stretch_of(work, quick), NORMAL)
    farm.power[0, 650] = 0.0
    farm.bring(0, np.array([650]))
    assert manager.save_judgements([rules.judge(work, rows, quick)]) == 0
    farm.settle()
    assert farm.stored() == farm.from_scratch()


def test_a_late_row_is_judged_without_going_through_all_that_came_after_it(manager, quick):
    farm = Farm(manager, quick, 3)
    places = np.arange(DAYS * 144)
    farm.bring(0, places[places != 100])
    farm.settle()
    farm.bring(0, np.array([100]))
    farm.some_are_scored(10)
    (work,) = manager.judging_work(TURBINES)
    rows = manager.normal_rows(work.turbine_id, *rules.stretch_of(work, quick), NORMAL)
    judgement = rules.judge(work, rows, quick)
    assert judgement.end is not None
    assert judgement.end <= START + 4 * DAY
    assert judgement.remaining is None
    farm.settle()
    assert farm.stored() == farm.from_scratch()


def test_a_change_before_midnight_counts_in_the_windows_after_it(manager, quick):
    farm = Farm(manager, quick, 0)
    farm.power[0] = EXPECTED + 5  # as expected
    midnight = 3 * 144
    farm.power[0, midnight] = 40.0  # 4 % of a window, by itself too little
    farm.bring(0, np.arange(6 * 144))
    farm.settle()
    assert farm.stored() == []
    farm.power[0, midnight - 1] = 100.0  # and as much again in the last row of the day before
    farm.bring(0, np.array([midnight - 1]))
    farm.settle()
    assert farm.stored() == farm.from_scratch()
    assert farm.stored()[0][1:3] == (rules.UNDER_PERFORMANCE, START + 3 * DAY + 5 * STEP)


def test_an_alarm_that_outlasts_a_stretch_is_there_when_the_rules_are_back_on_their_track(
    manager, quick, short_looks
):
    farm = Farm(manager, quick, 0)
    scatter = np.resize([80.0, -80.0], 144)
    farm.power[0] = (
        EXPECTED
        + 5
        - np.concatenate([scatter, np.full(3 * 144, 80.0), np.full((DAYS - 4) * 144, 55.0)])
    )
    places = np.arange(DAYS * 144)
    farm.bring(0, places)
    farm.settle()
    ((_, rule, _, end, *_),) = farm.stored()
    assert (rule, end) == (rules.UNDER_PERFORMANCE, None)
    # the first day scatters more: now the other rule has an alarm, up to the fifth day
    farm.power[0, 60:84] += np.resize([-300.0, 300.0], 24)
    farm.bring(0, places[60:84])
    while len(manager.open_work(1)):
        farm.some_are_scored(5000)
    turns = 1
    while farm.watch.turn():
        turns += 1
    assert 1 < turns < DAYS / 2, "it takes a few turns, and does not go on to the end"
    assert [each[1] for each in farm.stored()] == [rules.MODEL_DOUBT, rules.UNDER_PERFORMANCE]
    assert farm.stored() == farm.from_scratch()


def test_alarms_are_found_by_any_part_of_the_range_and_come_whole(manager, quick):
    farm = Farm(manager, quick, 4)
    farm.power[0] = 0.5 * EXPECTED
    farm.bring(0, np.arange(600))
    farm.settle()
    whole = manager.alarms(*ALL)
    part = manager.alarms(START + 2 * DAY, START + 2 * DAY + 1)
    assert len(part) == len(whole) == 2
    assert part["start"].tolist() == whole["start"].tolist()
    assert part["end"].isna().all()
    assert manager.alarms(0, int(whole["start"].min())).empty
    assert manager.alarms(*ALL, ["R80790"]).empty


def test_the_worst_hours_come_first(manager, quick):
    farm = Farm(manager, quick, 5)
    farm.power[:] = EXPECTED + 5
    farm.power[0, 60:66] = 100.0
    farm.power[1, 90:96] = 500.0
    for turbine in (0, 1):
        farm.bring(turbine, np.arange(300))
    farm.settle()
    worst = manager.worst_hours(*ALL, count=2)
    assert worst["turbine_id"].tolist() == list(TURBINES)
    assert worst["start"].tolist() == [START + 60 * STEP, START + 90 * STEP]
    normal = manager.worst_hours(*ALL, count=1, state=NORMAL)
    assert normal["rows"].tolist() == [5]


def test_the_check_finds_wrong_sums_and_wrong_alarms(manager, quick):
    farm = Farm(manager, quick, 6)
    farm.power[0] = 0.5 * EXPECTED
    farm.bring(0, np.arange(600))
    farm.settle()
    assert manager.check() == wrong_alarms(manager, quick) == []
    with manager._engine.begin() as connection:
        for change in (
            f"UPDATE hourly SET measured = measured + 1 WHERE start = {START}",
            f"UPDATE hourly SET power_sum = power_sum + 1 WHERE start = {START + DAY}",
            "UPDATE alarms SET peak = peak + 1 WHERE rule = 'model_doubt'",
        ):
            connection.execute(sa.text(change))
    said = " ".join([*manager.check(), *wrong_alarms(manager, quick)])
    assert "hourly sums of outcomes are wrong" in said
    assert "daily sums of outcomes are wrong" in said
    assert "hourly sums of power are wrong" in said
    assert "2 alarms of R80711 are not what the rules say" in said


def test_an_older_database_is_summed_up_by_the_migration_and_judged_afterwards(manager, quick):
    farm = Farm(manager, quick, 7)
    for _ in range(20):
        farm.some_come()
        farm.some_are_scored(2000)
        farm.some_are_corrected()
        farm.some_are_scored_again()
    farm.settle()
    before = sums_of(manager, "hourly"), sums_of(manager, "daily"), farm.stored()
    scripts = "ml_app_wind_draft.storage.migrations.versions"
    script = importlib.import_module(f"{scripts}.0002_alarms_and_sums")
    with (
        manager._engine.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        script.downgrade()
        script.upgrade()
    farm.watch = AlarmWatch(manager, quick)
    farm.settle()
    assert before == (sums_of(manager, "hourly"), sums_of(manager, "daily"), farm.stored())


def test_rows_of_the_training_data_are_summed_up_when_they_leave_the_work(manager, quick):
    farm = Farm(manager, quick, 8)
    farm.bring(0, np.arange(144))
    assert manager.hourly(*ALL).empty
    manager.drop_work_up_to(START + DAY)
    day = manager.daily(*ALL)
    assert day[["state", "compared"]].to_numpy().tolist() == [["", 0]]
    assert day["measured"].tolist() == [144]
    farm.settle()
    assert farm.stored() == []
