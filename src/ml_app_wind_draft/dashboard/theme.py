"""Colours and type of both themes, said once: CSS variables for the page, values for figures."""

from dataclasses import asdict, dataclass
from typing import Literal

Scheme = Literal["light", "dark"]

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"

# Sets the scheme before anything is drawn, so that a page does not flash in the other one.
SCHEME_SCRIPT = """
(() => {
  const asked = new URLSearchParams(location.search).get("theme");
  const key = "mantine-color-scheme-value";
  if (asked === "dark" || asked === "light") localStorage.setItem(key, asked);
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.mantineColorScheme = localStorage.getItem(key) || system;
})();
"""


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme. Text reaches a contrast of 4.5:1 on its background; red is for alarms only."""

    page: str
    card: str
    raised: str
    border: str
    text: str
    dim: str
    accent: str
    accent_tint: str
    on_accent: str
    measured: str
    wind: str
    error: str
    error_faint: str
    rule: str
    band: str
    forecast: str
    grid: str
    good: str
    good_tint: str
    watch: str
    watch_tint: str
    alarm: str
    alarm_tint: str
    calm_tint: str
    cell_whole: str
    cell_lacking: str
    shadow: str


PALETTES: dict[Scheme, Palette] = {
    "light": Palette(
        page="#f5f7f9",
        card="#ffffff",
        raised="#eceff3",
        border="#e3e8ee",
        text="#0f1b2d",
        dim="#5a6675",
        accent="#0b7285",
        accent_tint="#e2f1f4",
        on_accent="#ffffff",
        measured="#1b2a41",
        wind="#4a6fa5",
        error="#c2410c",
        error_faint="rgba(194, 65, 12, 0.32)",
        rule="#6d4fb8",
        band="rgba(11, 114, 133, 0.24)",
        forecast="#7c5cbf",
        grid="#e9edf1",
        good="#077455",
        good_tint="#e3f6ee",
        watch="#b03a06",
        watch_tint="#fdeee0",
        alarm="#c92a2a",
        alarm_tint="#fde8e8",
        calm_tint="#eef1f5",
        cell_whole="#a9d3da",
        cell_lacking="#f0a868",
        shadow="0 1px 2px rgba(15, 27, 45, 0.05)",
    ),
    "dark": Palette(
        page="#0c1117",
        card="#141b23",
        raised="#1f2833",
        border="#232d39",
        text="#e8ecf1",
        dim="#98a5b5",
        accent="#3bc9db",
        accent_tint="#12323a",
        on_accent="#0c1117",
        measured="#f4f6f8",
        wind="#8fb2e3",
        error="#ff922b",
        error_faint="rgba(255, 146, 43, 0.36)",
        rule="#b79cf0",
        band="rgba(59, 201, 219, 0.32)",
        forecast="#b79cf0",
        grid="#212a35",
        good="#51dba5",
        good_tint="#12362b",
        watch="#ffab5e",
        watch_tint="#3c2713",
        alarm="#ff8787",
        alarm_tint="#431d20",
        calm_tint="#242e3a",
        cell_whole="#1f5560",
        cell_lacking="#d9822b",
        shadow="none",
    ),
}


# Hues that can be told apart in both themes and by most colour-blind readers; words go with them.
HUES: dict[Scheme, tuple[str, ...]] = {
    "light": (
        "#0b7285",
        "#7c5cbf",
        "#4a6fa5",
        "#a16207",
        "#c2410c",
        "#5a6675",
        "#2f855a",
        "#b8467f",
    ),
    "dark": (
        "#3bc9db",
        "#b79cf0",
        "#8fb2e3",
        "#f2c94c",
        "#ff922b",
        "#98a5b5",
        "#6fcf97",
        "#f095c3",
    ),
}


def mixed(first: str, second: str, share: float) -> str:
    """A colour on the way from one to another (`#rrggbb`); `share` 0 is the first, 1 the second."""
    pairs = zip(*(bytes.fromhex(each.removeprefix("#")) for each in (first, second)), strict=True)
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)


def css_variables() -> str:
    """A style sheet that gives every colour of both themes a variable, `--wind-good-tint` say."""
    root = ":root[data-mantine-color-scheme="
    return "\n".join(
        f'{root}"{scheme}"] {{ color-scheme: {scheme}; {_variables(palette)} {_hues(scheme)} }}'
        for scheme, palette in PALETTES.items()
    )


def _variables(palette: Palette) -> str:
    return " ".join(
        f"--wind-{name.replace('_', '-')}: {colour};" for name, colour in asdict(palette).items()
    )


def _hues(scheme: Scheme) -> str:
    return " ".join(f"--wind-hue-{i}: {colour};" for i, colour in enumerate(HUES[scheme]))
