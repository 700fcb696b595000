"""What one refresh sends to the page."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.dashboard import figures, replies
from ml_app_wind_draft.dashboard.models_watch import Models
from ml_app_wind_draft.dashboard.reader import Current, Farm, Reign, TurbineView
from ml_app_wind_draft.dashboard.replies import Look, card_props, model_props, series_reply
from ml_app_wind_draft.dashboard.tails import Held
from ml_app_wind_draft.monitoring.residuals import with_errors
from ml_app_wind_draft.registry.records import ModelVersion

STEP = 600
START = 1_420_070_400
DAY = 86_400
POINTS = 144
REIGN = Reign(version=2, since=START, by="training", why="first", training_end=START)
MODEL = ModelVersion(
    version=2,
    kind="power_curve",
    aliases=("champion",),
    created_at=START,
    training_start=START - 300 * DAY,
    training_end=START - DAY,
    metrics={"score": 45.21, "interval_coverage": 0.795},
    run_id="r",
    url="u",
)


def raw(count: int, *, scored: int | None = None, first: int = 0) -> pd.DataFrame:
    index = np.arange(first, first + count)
    power = 1000.0 + index
    known = index < (first + count if scored is None else scored)
    return pd.DataFrame(
        {
            "timestamp": START + index * STEP,
            "power": power,
            "wind_speed": 8.0,
            "expected_power": np.where(known, power + 10, np.nan),
            "expected_power_p10": np.where(known, power - 90, np.nan),
            "expected_power_p90": np.where(known, power + 90, np.nan),
            "below": 1.0,
            "mae": 2.0,
        }
    )


def view(frame: pd.DataFrame, until: int) -> TurbineView:
    now = START + until * STEP
    return TurbineView("R80711", with_errors(frame, STEP), now - DAY, now, 1.0)


DAY_OF = Look("R80711", "24h", DAY)


def held_of(reply: dict) -> Held:
    return Held(**reply["held"])


def spliced(old: dict, reply: dict) -> dict:
    """What the browser does with a tail."""
    kept = figures.cut(old, since=reply["start"], before=reply["since"])
    return {key: kept[key] + reply["series"][key] for key in reply["series"]}


def test_the_first_reply_carries_the_whole_view(site):
    reply = series_reply(view(raw(POINTS), POINTS), site, DAY_OF, None)
    assert reply["since"] is None
    assert len(reply["series"]["t"]) == POINTS


def test_a_refresh_sends_only_the_tail_and_the_browser_ends_up_with_the_whole(site):
    first = series_reply(view(raw(POINTS), POINTS), site, DAY_OF, None)
    later = view(raw(POINTS + 3), POINTS + 3)
    reply = series_reply(later, site, DAY_OF, held_of(first))
    assert len(reply["series"]["t"]) == 4
    assert spliced(first["series"], reply) == series_reply(later, site, DAY_OF, None)["series"]


def test_rows_that_wait_for_their_outcome_are_sent_again(site):
    first = series_reply(view(raw(POINTS, scored=POINTS - 2), POINTS), site, DAY_OF, None)
    later = view(raw(POINTS), POINTS)
    reply = series_reply(later, site, DAY_OF, held_of(first))
    assert reply["since"] == START + (POINTS - 2) * STEP
    assert spliced(first["series"], reply) == series_reply(later, site, DAY_OF, None)["series"]


@pytest.mark.parametrize("change", ["late row", "correction", "late outcome"])
def test_a_change_before_the_tail_sends_the_whole_view_again(site, change):
    before, after = raw(POINTS), raw(POINTS)
    if change == "late row":
        before = before.drop(index=10)
    elif change == "correction":
        after.loc[10, "power"] = 500.0
    else:
        before = raw(POINTS, scored=20)
    first = series_reply(view(before, POINTS), site, DAY_OF, None)
    reply = series_reply(view(after, POINTS), site, DAY_OF, held_of(first))
    assert reply["since"] is None
    assert len(reply["series"]["t"]) == POINTS


def test_what_belongs_to_another_view_is_not_built_on(site):
    first = series_reply(view(raw(POINTS), POINTS), site, DAY_OF, None)
    other = dataclasses.replace(held_of(first), key="R80721|24h")
    assert series_reply(view(raw(POINTS), POINTS), site, DAY_OF, other)["since"] is None


def test_a_view_without_rows_says_so(site, farm):
    empty = view(raw(0), POINTS)
    assert series_reply(empty, site, DAY_OF, None)["series"]["t"] == []
    note = card_props(empty, farm, site, DAY_OF)["chart-note"]
    assert note["children"].startswith("No rows of R80711 between")
    nothing = dataclasses.replace(farm, arrived_at=None)
    note = card_props(empty, nothing, site, DAY_OF)["chart-note"]
    assert "wind data import FILE --site la_haute_borne" in note["children"]


@pytest.fixture
def farm(site, normal: Current) -> Farm:
    return Farm(
        now=(normal.timestamp or 0) + STEP,
        replayed_year=2015,
        turbines={each: dataclasses.replace(normal, turbine_id=each) for each in site.turbine_ids},
        arrived_at=1000,
        arrives_every=5.0,
        feed_ended=False,
    )


def test_the_cards_say_units_share_and_time(site, farm):
    props = card_props(view(raw(POINTS), POINTS), farm, site, DAY_OF)
    assert props["power-value"]["children"] == "1,000"
    assert props["power-note"]["children"] == "49 % of 2,050 kW rated \N{MIDDLE DOT} 09:50 UTC"
    assert props["expected-note"]["children"] == "P10\N{EN DASH}P90 900 \N{EN DASH} 1,100 kW"
    assert props["error-value"]["children"] == "\N{MINUS SIGN}10"
    assert "10-minute means" in props["chart-about"]["children"]
    assert "UTC" in props["chart-about"]["children"]
    assert "data coverage 100.0 %" in props["chart-about"]["children"]


def test_a_refresh_is_small(site):
    first = series_reply(view(raw(POINTS), POINTS), site, DAY_OF, None)
    reply = series_reply(view(raw(POINTS + 1), POINTS + 1), site, DAY_OF, held_of(first))
    assert len(json.dumps(reply)) < 800


def test_a_replay_says_so_and_a_live_site_does_not(site, farm):
    assert replies.replay_props(farm)["replay"]["children"] == "replay of 2015"
    live = replies.replay_props(dataclasses.replace(farm, replayed_year=None))["replay"]
    assert "hidden" in live["className"]


def test_the_farm_counts_only_what_is_measured(site, farm):
    turbines = farm.turbines
    turbines["R80721"] = dataclasses.replace(turbines["R80721"], power=float("nan"))
    props = replies.farm_props(dataclasses.replace(farm, turbines=turbines), site)
    assert props["farm-power"]["children"].startswith("3,000 kW")
    assert "3 of 4 turbines measured" in props["farm-power"]["children"]


def test_the_chosen_tile_is_marked(site, farm):
    props = replies.tile_props(farm, site, "R80721", has_champion=True)
    chosen = [key for key, each in props.items() if "chosen" in each.get("className", "")]
    assert chosen == ["tile-1-box"]


def test_the_arrival_tells_ages_by_wall_clock_and_the_time_by_the_data(site, farm):
    told = replies.arrival(farm, 1012)
    assert told == {"age": 12, "every": 5.0, "ended": False, "shown": "14 Jan, 10:00 UTC"}


def test_the_champions_card_says_what_it_is_and_how_good(site):
    props = model_props(Models(champion=MODEL, seen_at=START), REIGN, "http://localhost:5001/")
    assert props["champion-version"]["children"] == "v2"
    assert props["champion-kind"]["children"] == "IEC 61400-12 power curve"
    assert "MAE 45.2 kW" in props["champion-facts"]["children"]
    assert "79.5 % of rows within" in props["champion-facts"]["children"]
    assert props["champion-link"]["href"] == (
        "http://localhost:5001/#/models/wind_power_predictor/versions/2"
    )
    assert (
        "in charge since 1 Jan 2015, 00:00 UTC, by training" in props["champion-note"]["children"]
    )
    assert "hidden" in props["no-model"]["className"]


def test_without_a_champion_the_page_says_so(site):
    props = model_props(Models(seen_at=START), None, "http://localhost:5001")
    assert props["no-model"]["children"].startswith("No champion model yet")
    assert props["champion-version"]["children"] == "\N{EN DASH}"


def test_with_mlflow_down_the_database_still_knows_the_champion(site):
    props = model_props(Models(trouble="no answer"), REIGN, "http://localhost:5001")
    assert props["champion-version"]["children"] == "v2"
    assert "MLflow does not answer; not seen yet" in props["champion-note"]["children"]
    assert "hidden" in props["no-model"]["className"]


def test_a_challenger_that_became_champion_is_no_longer_a_rival(site):
    both = dataclasses.replace(MODEL, aliases=("champion", "challenger"))
    props = model_props(Models(champion=both, challenger=both, seen_at=START), REIGN, "http://m")
    assert props["challenger-note"]["children"].startswith("No challenger")


def test_the_toast_names_all_that_is_down():
    text = replies.trouble(Models(trouble="no answer"), REIGN, database_is_down=True)
    assert text.startswith("The database does not answer. You see the last good data;")
    assert "MLflow does not answer." in text
    assert replies.trouble(Models(), REIGN) == ""
    assert replies.trouble(Models(trouble="x"), None) == "MLflow does not answer."
