"""The figure of the models page: score and band coverage over versions."""

from collections.abc import Sequence
from typing import Any

from ml_app_wind_draft.dashboard import chart_style
from ml_app_wind_draft.dashboard.theme import PALETTES, Palette, Scheme
from ml_app_wind_draft.registry.records import ModelVersion

NOMINAL = 80  # %, what a P10-P90 band promises


def frame(scheme: Scheme) -> dict[str, Any]:
    """The figure of one theme without data: two panels over one axis of versions."""
    palette = PALETTES[scheme]
    return {
        "data": [
            _line("reference", "IEC curve on the same rows", palette.dim, "y", dash="dot"),
            _points("mae", "MAE", palette.accent, "y", "kW"),
            _points("champion", "Champion", palette.accent, "y", "kW"),
            _points("coverage", "Within the band", palette.wind, "y2", "%"),
        ],
        "layout": _layout(palette),
    }


def data(versions: Sequence[ModelVersion], champion: int | None) -> dict[str, Any]:
    """What is drawn: versions oldest first; lines join versions judged on the same rows."""
    ordered = sorted(versions, key=lambda each: each.version)
    scored = [each for each in ordered if "score" in each.metrics]
    numbers = [each.version for each in ordered]
    crowned = [each for each in scored if each.version == champion]
    return {
        "data": [
            {
                "uid": "reference",
                **_broken(
                    [each for each in scored if _reference(each) is not None],
                    [_reference(each) for each in scored if _reference(each) is not None],
                ),
            },
            {
                "uid": "mae",
                **_broken(scored, [each.metrics["score"] for each in scored]),
            },
            {
                "uid": "champion",
                "x": [each.version for each in crowned],
                "y": [round(each.metrics["score"], 2) for each in crowned],
            },
            {
                "uid": "coverage",
                **_broken(
                    [each for each in scored if "interval_coverage" in each.metrics],
                    [
                        100 * each.metrics["interval_coverage"]
                        for each in scored
                        if "interval_coverage" in each.metrics
                    ],
                ),
            },
        ],
        "layout": {
            "xaxis": {
                "tickvals": numbers if len(numbers) <= 12 else None,  # noqa: PLR2004 - as many fit
                "ticktext": [f"v{each}" for each in numbers],
                "range": [min(numbers, default=1) - 0.5, max(numbers, default=1) + 0.5],
            }
        },
    }


def _reference(version: ModelVersion) -> float | None:
    """What an IEC curve scored on the rows that this version was judged on."""
    if version.kind == "power_curve":
        return version.metrics.get("score")
    return version.metrics.get("iec_curve_mae")


def _broken(versions: Sequence[ModelVersion], values: Sequence[float | None]) -> dict[str, Any]:
    """Points, with a break in the line where the next version was judged on other rows."""
    x: list[int | None] = []
    y: list[float | None] = []
    for before, version, value in zip([None, *versions], versions, values, strict=False):
        if before is not None and rows_of(before) != rows_of(version):
            x.append(None)
            y.append(None)
        x.append(version.version)
        y.append(None if value is None else round(value, 2))
    return {"x": x, "y": y}


def rows_of(version: ModelVersion) -> tuple[str, int, int]:
    """Says which rows a version was judged on: the same for versions that can be compared."""
    return version.data_digest, version.window_start, version.window_end


def _points(uid: str, name: str, colour: str, axis: str, unit: str) -> dict[str, Any]:
    is_champion = uid == "champion"
    return {
        "type": "scatter",
        "mode": "markers" if is_champion else "lines+markers",
        "uid": uid,
        "name": name,
        "x": [],
        "y": [],
        "xaxis": "x",
        "yaxis": axis,
        "connectgaps": False,
        "line": {"color": colour, "width": 1.4},
        "marker": {
            "color": colour,
            "size": 15 if is_champion else 8,
            "symbol": "circle-open" if is_champion else "circle",
            "line": {"color": colour, "width": 2},
        },
        "hovertemplate": f"v%{{x}} {name} <b>%{{y:,.1f}} {unit}</b><extra></extra>",
        **({"hoverinfo": "skip", "hovertemplate": None} if is_champion else {}),
    }


def _line(uid: str, name: str, colour: str, axis: str, *, dash: str) -> dict[str, Any]:
    return {
        **_points(uid, name, colour, axis, "kW"),
        "line": {"color": colour, "width": 1.4, "dash": dash},
        "marker": {"color": colour, "size": 10, "symbol": "line-ew-open", "line": {"width": 2}},
    }


def _layout(palette: Palette) -> dict[str, Any]:
    axis = chart_style.axis(palette, anchor="x", nticks=5)
    return {
        **chart_style.base(palette),
        "margin": {"l": 40, "r": 10, "t": 24, "b": 30},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "kept",
        "xaxis": chart_style.axis(palette, anchor="y2"),
        "yaxis": {**axis, "domain": [0.5, 1], "rangemode": "normal"},
        "yaxis2": {**axis, "domain": [0, 0.36], "range": [0, 102], "nticks": 4},
        "annotations": [
            chart_style.panel_title("MAE on its judging window, kW (lower is better)", 1, palette),
            chart_style.panel_title(
                f"Rows within P10\N{EN DASH}P90, % ({NOMINAL} is right)", 0.36, palette
            ),
        ],
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "yref": "y2",
                "y0": NOMINAL,
                "y1": NOMINAL,
                "line": {"color": palette.good, "width": 1.2, "dash": "dash"},
            }
        ],
    }
