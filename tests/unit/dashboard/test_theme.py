"""Both themes can be read."""

import pytest

from ml_app_wind_draft.dashboard.theme import PALETTES, css_variables

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
