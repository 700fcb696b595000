"""The card of the model in shadow says what the judge would look at."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from ml_app_wind_draft.dashboard import shadow_card
from ml_app_wind_draft.dashboard.words import UTC_ZONE
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.storage.shadow import DAY_COLUMNS, ShadowState

DAY = 86_400
NEW_YEAR = 1_420_070_400


def version(number: int) -> ModelVersion:
    return ModelVersion(number, "catboost", (), 0, 0, NEW_YEAR, {}, "", "")


class Reader:
    """Two days of both; keeps what was asked for."""

    def __init__(self, state: ShadowState | None, rows: list[tuple]) -> None:
        self.state, self.rows, self.duels = state, rows, []

    def shadow_state(self, _version):
        return self.state

    def shadow_days(self, duel, _turbines):
        self.duels.append(duel)
        return pd.DataFrame(self.rows, columns=list(DAY_COLUMNS))

    def remembered(self, _key, ask):
        return ask(self)

    kept = remembered


def parts(reader: Reader, shadow, champion, *, may_change: bool = True) -> dict[str, Any]:
    house: Any = SimpleNamespace(reader=reader, site=SimpleNamespace(turbine_ids=("A",)))
    return shadow_card.parts(house, shadow, champion, UTC_ZONE, may_change=may_change)


ROWS = [
    (NEW_YEAR + 2 * DAY, 100, 1000.0, 80, 2000.0, 70),
    (NEW_YEAR + 3 * DAY, 100, 1200.0, 84, 2200.0, 66),
]
STATE = ShadowState(NEW_YEAR, 250, NEW_YEAR + 4 * DAY - 600, "")


@pytest.mark.parametrize("shadow", [None, version(1)])
def test_without_a_shadow_there_is_no_card(shadow):
    reader = Reader(None, [])
    assert parts(reader, shadow, version(1)) == {
        "props": {"shadow-place": {"className": shadow_card.HIDDEN}}
    }
    assert not reader.duels, "nothing is read for a card that is not there"


def test_both_are_compared_on_the_same_rows():
    found = parts(Reader(STATE, ROWS), version(2), version(1))
    facts = found["props"]["shadow-facts"]["children"]
    assert "MAE 11.0 kW; champion v1 21.0 kW" in facts
    assert "within the band 82.0 %; champion 68.0 %" in facts
    assert "200 normal rows, 2 days" in facts
    drawn = {each["uid"]: each for each in found["figures"][shadow_card.CHART]["data"]}
    assert drawn["shadow"]["x"] == ["2015-01-03", "2015-01-04"]
    assert drawn["shadow"]["y"] == [10.0, 12.0]
    assert drawn["champion"]["y"] == [20.0, 22.0]
    assert len(found["props"]["shadow-buttons"]["children"]) == 2


def test_where_nobody_may_change_it_there_are_no_buttons():
    found = parts(Reader(STATE, ROWS), version(2), version(1), may_change=False)
    assert found["props"]["shadow-buttons"]["children"] == []


def test_what_is_read_does_not_grow_with_the_time_in_shadow():
    newest = NEW_YEAR + 400 * DAY
    reader = Reader(ShadowState(NEW_YEAR, 10**6, newest, ""), [])
    parts(reader, version(2), version(1))
    assert reader.duels[0].seen_until >= newest - (shadow_card.SHOWN_DAYS + 1) * DAY


def test_trouble_is_said_on_the_card():
    state = ShadowState(NEW_YEAR, 0, None, "the file is damaged")
    found = parts(Reader(state, []), version(2), version(1))
    assert "does not score: the file is damaged" in found["props"]["shadow-note"]["children"]
    assert "No row yet" in found["props"]["shadow-facts"]["children"]
