"""Tables as the browser gets them."""

import json

from dash import html
from plotly.utils import PlotlyJSONEncoder

from ml_app_wind_draft.dashboard import tables
from ml_app_wind_draft.dashboard.tables import Column
from tests.unit.dashboard.said import lines, text_of

COLUMNS = (
    Column("Turbine"),
    Column("Below", "kWh", "Expected minus measured.", is_number=True),
    Column("Bar", class_name="bar-cell", is_silent=True),
)


def heads():
    box, _ = list(tables.frame("t", "What it holds", COLUMNS).children or [])
    return box, box.children.children[1].children.children


def test_a_table_has_a_name_for_those_who_cannot_see_it():
    box, _ = heads()
    assert getattr(box, "aria-label") == "What it holds"
    assert box.tabIndex == 0
    assert box.children.children[0].children == "What it holds"


def test_heads_carry_units_and_help():
    _, (turbine, below, bar) = heads()
    assert text_of(turbine) == "Turbine"
    assert text_of(below).split() == ["Below", "kWh"]
    assert below.title == "Expected minus measured."
    assert below.className == "number"
    assert bar.children[0].className == "unseen"
    assert {each.scope for each in (turbine, below, bar)} == {"col"}


def test_rows_keep_their_columns_look():
    props = tables.filled("t", COLUMNS, [("A", "1", ""), ("B", "2", "")], otherwise="none")
    assert lines(props, "t") == [["A", "1", ""], ["B", "2", ""]]
    _, number, bar = props["t-rows"]["children"][0]["props"]["children"]
    assert number["props"]["className"] == "number"
    assert bar["props"]["className"] == "bar-cell"
    assert props["t-empty"] == {"children": "", "className": "empty hidden"}


def test_an_empty_table_says_why():
    props = tables.filled("t", COLUMNS, [], otherwise="Nothing yet.")
    assert props["t-rows"] == {"children": []}
    assert props["t-empty"] == {"children": "Nothing yet.", "className": "empty"}


def test_a_tag_is_what_dash_sends_for_the_same_component():
    ours = tables.tag("Td", tables.pill("Stuck", "watch", "It stood still."), className="number")
    theirs = html.Td(
        html.Span("Stuck", className="pill watch", title="It stood still."), className="number"
    )
    assert ours == json.loads(json.dumps(theirs, cls=PlotlyJSONEncoder))
