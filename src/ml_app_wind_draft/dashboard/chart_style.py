"""What the layouts of all charts share."""

from typing import Any

from ml_app_wind_draft.dashboard.theme import FONT, Palette


def base(palette: Palette) -> dict[str, Any]:
    """Font, ground, separators and hover labels; no legend: each page has one of its own."""
    font = {"family": FONT, "size": 12, "color": palette.text}
    return {
        "font": font,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "separators": ".,",
        "hoverlabel": {"bgcolor": palette.card, "bordercolor": palette.border, "font": font},
        "showlegend": False,
    }


def quiet(palette: Palette) -> dict[str, Any]:
    """The font of what stands back."""
    return {"color": palette.dim, "size": 11}


def axis(palette: Palette, **more: Any) -> dict[str, Any]:
    """An axis with a grid, quiet numbers and no line at zero, and whatever else it is."""
    return {"gridcolor": palette.grid, "zeroline": False, "tickfont": quiet(palette), **more}


def panel_title(
    text: str, top: float, palette: Palette, *, shift: tuple[int, int] = (-2, 4)
) -> dict[str, Any]:
    """A line above the panel that ends at `top` (fraction of the chart); `shift` is in pixels."""
    right, up = shift
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": up,
        "xshift": right,
        "showarrow": False,
        "font": {"size": 11.5, "color": palette.dim},
    }
