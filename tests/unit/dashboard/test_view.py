"""What the address says."""

from ml_app_wind_draft.dashboard.replies import RANGES, look_at
from ml_app_wind_draft.dashboard.view import View, view_of

DAY = 86_400
THIRD = 1_420_243_200  # 2015-01-03 00:00 UTC


def test_what_a_browser_says_is_believed_only_where_it_makes_sense():
    assert view_of(None) is None
    assert view_of({"page": 3}) is None
    view = view_of({"page": "turbine", "rest": None, "query": {"range": "3d", "from": ["x"]}})
    assert view == View("turbine", "", {"range": "3d"})
    assert view_of({"page": "farm", "query": {"range": "x" * 1000}}) == View("farm")


def test_a_parameter_is_one_of_those_allowed():
    assert View("farm", query={"range": "3d"}).choice("range", RANGES, "7d") == "3d"
    assert View("farm", query={"range": "99y"}).choice("range", RANGES, "7d") == "7d"


def test_instants_are_utc_unless_they_say_otherwise():
    view = View("x", query={"a": "2015-01-03", "b": "2015-01-03T01:00+01:00", "c": "soon"})
    assert (view.instant("a"), view.instant("b")) == (THIRD, THIRD)
    assert view.instant("c") is None
    assert view.instant("d") is None


def test_zone_and_metric_come_from_the_address(site):
    assert View("farm").zone(site).name == "UTC"
    assert View("farm", query={"zone": "site"}).zone(site).name == "Europe/Paris"
    assert (View("x").metric(), View("x", query={"metric": "pct"}).metric()) == ("kw", "pct")


def test_a_day_at_the_end_of_a_free_range_is_meant_whole(site):
    look = look_at(View("turbine", "R80736", {"from": "2015-01-03", "to": "2015-01-04"}), site)
    assert (look.turbine_id, look.span, look.end) == ("R80736", 2 * DAY, THIRD + 2 * DAY)


def test_nonsense_in_the_address_is_the_default(site):
    for query in ({"from": "2015-01-05", "to": "2015-01-03"}, {"range": "x"}, {"from": "2015"}):
        look = look_at(View("turbine", "nothing", query), site)
        assert (look.turbine_id, look.name, look.end) == ("R80711", "7d", None)
