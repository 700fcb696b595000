"""Both themes can be read."""

import pytest

from ml_app_wind_draft.dashboard.theme import PALETTES, css_variables, mixed

READABLE = 4.5
TEXT_ON_BACKGROUND = [
    ("text", "page"),
    ("text", "card"),
    ("dim", "page"),
    ("dim", "card"),
    ("dim", "raised"),
    ("dim", "calm_tint"),
    ("accent", "card"),
    ("good", "good_tint"),
    ("watch", "watch_tint"),
    ("alarm", "alarm_tint"),
]


def luminance(colour: str) -> float:
    channels = [int(colour[each : each + 2], 16) / 255 for each in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize(("text", "background"), TEXT_ON_BACKGROUND)
def test_text_stands_out_from_its_background(scheme, text, background):
    palette = PALETTES[scheme]
    assert contrast(getattr(palette, text), getattr(palette, background)) >= READABLE


def test_the_style_sheet_names_the_colours_of_both_themes():
    css = css_variables()
    assert css.count("--wind-good-tint:") == len(PALETTES)


def test_a_mixed_colour_lies_on_the_way_between_two():
    assert mixed("#000000", "#ff8040", 0) == "#000000"
    assert mixed("#000000", "#ff8040", 1) == "#ff8040"
    assert mixed("#001020", "#003040", 0.5) == "#002030"
