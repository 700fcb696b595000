"""What the browser has already is not sent again."""

from dash import html

from ml_app_wind_draft.dashboard.parts import only_new


def parts(cards: str = "a", rows: str = "b") -> dict:
    return {
        "cards": {"props": {"card": {"children": cards}}},
        "rows": {"props": {"row": {"children": html.Td(rows)}}, "figures": {"chart": {"data": []}}},
    }


def test_a_first_look_gets_everything():
    reply = only_new("view", parts(), {})
    assert set(reply["props"]) == {"card", "row"}
    assert reply["figures"] == {"chart": {"data": []}}


def test_what_is_held_is_not_sent_again():
    held = only_new("view", parts(), {})["held"]
    assert only_new("view", parts(), held) == {"held": held}


def test_only_the_part_that_changed_is_sent():
    held = only_new("view", parts(), {})["held"]
    reply = only_new("view", parts(rows="c"), held)
    assert set(reply["props"]) == {"row"}
    assert reply["held"]["parts"]["cards"] == held["parts"]["cards"]
    assert reply["held"]["parts"]["rows"] != held["parts"]["rows"]


def test_another_view_gets_everything():
    held = only_new("view", parts(), {})["held"]
    assert set(only_new("another", parts(), held)["props"]) == {"card", "row"}


def test_nonsense_from_the_browser_is_no_knowledge():
    assert set(only_new("view", parts(), {"key": "view", "parts": "all"})["props"]) == {
        "card",
        "row",
    }
