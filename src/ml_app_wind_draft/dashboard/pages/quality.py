"""The data quality page: what came in, what did not, and what was not believed."""

import json
import math
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from ml_app_wind_draft.core.clock import wall_now
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.signals import signal
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import components, figures_quality, tables, words
from ml_app_wind_draft.dashboard.figures_quality import FLAGGED, SET_ASIDE
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.parts import only_new
from ml_app_wind_draft.dashboard.reading_quality import (
    MOST_SHOWN,
    Quality,
    TurbineQuality,
    quality,
    set_aside,
)
from ml_app_wind_draft.dashboard.tables import Column
from ml_app_wind_draft.dashboard.view import View
from ml_app_wind_draft.dashboard.words import Zone
from ml_app_wind_draft.storage.set_aside import SEARCHED, Search

SPANS = {"14d": 14, "30d": 30, "90d": 90, "1y": 366}
SPAN = "30d"
ALL = "all"
WORST_IN_ROW = 3  # arrivals that may be missed before a turbine is called silent

CARDS = (
    ("quality-accepted", "Rows there", "%", "Rows that came, of those expected in this span."),
    ("quality-updated", "Corrected", "rows", "Rows of this span that came again with new values."),
    (
        "quality-aside",
        "Set aside",
        "rows",
        "Rows that break the contract. They are kept with what they said, and never scored.",
    ),
    (
        "quality-flagged",
        "Set to missing",
        "values",
        "Single values that cannot be true. Their row stays, the value is kept aside.",
    ),
)
GAP_COLUMNS = (
    Column("Turbine"),
    Column("From"),
    Column("To"),
    Column("Length", is_number=True),
    Column("Missing", "rows", is_number=True),
)
STUCK_COLUMNS = (
    Column("Turbine"),
    Column("Signal"),
    Column("From"),
    Column("Length", is_number=True),
    Column("Stood at", is_number=True),
)
ROW_COLUMNS = (
    Column("Set aside", help="When it came, by the wall clock."),
    Column("Why"),
    Column("Turbine"),
    Column("Measured", help="The interval's start, where it could be read."),
    Column("What it said", help="The row's values as they came.", class_name="wide"),
    Column("Where from", help="File or stream, and the line."),
)


def layout(site: Site, settings: Settings) -> html.Div:  # noqa: ARG001 - a page's signature
    """The page without data."""
    return html.Div(
        [
            html.Div(
                className="view-bar",
                children=[
                    components.choice(
                        "quality-span", {each: each for each in SPANS}, SPAN, "Look back"
                    ),
                    _select(
                        "quality-of",
                        {ALL: "All turbines", **{each: each for each in site.turbine_ids}},
                        "Turbine",
                    ),
                ],
            ),
            html.Div(
                className="figure-cards",
                children=[components.figure_card(*each) for each in CARDS],
            ),
            html.Div(
                className="tiles",
                children=[_tile(i, each) for i, each in enumerate(site.turbine_ids)],
            ),
            _days_card(),
            html.Div(
                className="pair",
                children=[
                    tables.card(
                        "Gaps",
                        tables.frame("gaps", "Gaps between rows", GAP_COLUMNS),
                        about=html.Span(id="gaps-about", className="note"),
                        help_text="Rows that never came. A gap is drawn as a gap, never as zero.",
                    ),
                    tables.card(
                        "Stuck signals",
                        tables.frame("stuck", "Signals that stood still", STUCK_COLUMNS),
                        about=html.Span(id="stuck-about", className="note"),
                        help_text="A sensor that repeats one value for too long is not believed.",
                    ),
                ],
            ),
            _rows_card(),
        ]
    )


def _days_card() -> html.Section:
    return tables.card(
        "Day by day",
        html.Div(id="quality-legend", className="legend words"),
        html.Div(
            className="quality-box",
            children=[
                dcc.Graph(
                    id="quality-chart",
                    className="quality-chart",
                    config=components.PLOT_CONFIG,
                ),
                html.Div(className="skeleton"),
            ],
        ),
        about=html.Span(id="quality-about", className="note"),
        help_text="Rows that are there of those expected, by turbine and day;"
        " below them rows and values that the contract refused, by reason.",
    )


def _select(control: str, options: dict[str, str], name: str) -> dmc.Select:
    return dmc.Select(
        id=control,
        data=[{"value": value, "label": label} for value, label in options.items()],
        value=ALL,
        allowDeselect=False,
        w=170,
        **{"aria-label": name},
    )


def _tile(index: int, turbine_id: str) -> html.Div:
    return html.Div(
        className="tile-box",
        children=[
            html.Span(
                className="tile-head",
                children=[
                    html.Strong(turbine_id),
                    html.Span("\N{HORIZONTAL ELLIPSIS}", id=f"quality-{index}-state"),
                ],
            ),
            html.P("\N{NO-BREAK SPACE}", id=f"quality-{index}-newest"),
            html.P("\N{NO-BREAK SPACE}", id=f"quality-{index}-note", className="note"),
        ],
    )


def _rows_card() -> html.Section:
    reasons = {ALL: "Any reason", **{key: name for key, (name, _) in SET_ASIDE.items()}}
    return tables.card(
        "Rows set aside",
        html.Div(
            className="view-bar in-card",
            children=[
                dmc.TextInput(
                    id="quality-search",
                    value="",
                    placeholder="Search in what they said",
                    debounce=400,
                    w=280,
                    **{"aria-label": "Search in the rows set aside"},
                ),
                _select("quality-reason", reasons, "Reason"),
            ],
        ),
        tables.frame("aside", "Rows that were set aside", ROW_COLUMNS),
        about=html.Span(id="aside-about", className="note"),
        help_text="Rows that break the contract, newest first.",
    )


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:
    """What a refresh tells the page: the parts that changed."""
    site, zone = house.site, view.zone(house.site)
    span = SPANS[view.choice("span", SPANS, SPAN)]
    chosen = view.choice("of", tuple(site.turbine_ids), ALL)
    turbine_id = None if chosen == ALL else chosen
    reason = view.choice("reason", SET_ASIDE, ALL)
    text = view.query.get("q", "").strip()
    found = quality(house.reader, site, span)
    search = Search(site.name, None if reason == ALL else reason, turbine_id, text)
    key = json.dumps(["quality", view.rest, sorted(view.query.items())])
    return only_new(
        key,
        {
            "cards": _cards(found, site, turbine_id),
            "tiles": {"props": _tiles(found, site, zone)},
            "chart": _chart(found, site, turbine_id),
            "gaps": {"props": _gaps(found, turbine_id, zone)},
            "stuck": {"props": _stuck(found, turbine_id, zone)},
            "rows": {"props": _rows(house, search, found, zone)},
        },
        held,
    )


def _cards(found: Quality, site: Site, turbine_id: str | None) -> Reply:
    chosen = slice(None) if turbine_id is None else [site.turbine_ids.index(turbine_id)]
    accepted, expected = found.accepted[:, chosen], found.expected[:, chosen]
    updated = found.updated[:, chosen]
    should = int(expected.sum())
    lacking = should - int(accepted.sum())
    daily = [
        round(100 * float(a) / float(e)) if e else None
        for a, e in zip(accepted.sum(axis=1), expected.sum(axis=1), strict=True)
    ]
    flagged = _of(found.flagged, turbine_id)
    rejected = _of(found.rejected, turbine_id)
    dated = rejected[rejected["day"] >= found.start]
    undated = int(rejected.loc[rejected["day"] < found.start, "rows"].sum())
    ever = found.counters.get("set_aside", 0)
    coverage = 100 * (1 - lacking / should) if should else math.nan
    return {
        "props": {
            **_figure("quality-accepted", _floored(coverage, 2)),
            "quality-accepted-note": {
                "children": f"{words.number(lacking)} missing of {words.number(should)} expected"
                if should
                else "no rows in this span"
            },
            **_figure("quality-updated", words.number(int(updated.sum()))),
            "quality-updated-note": {
                "children": "the newest revision counts, the old values are kept"
            },
            **_figure("quality-aside", words.number(int(dated["rows"].sum()))),
            "quality-aside-note": {
                "children": f"{words.number(undated)} more without a readable time"
                if undated
                else f"{words.number(ever)} in all, any time"
            },
            **_figure("quality-flagged", words.number(int(flagged["rows"].sum()))),
            "quality-flagged-note": {"children": _most_flagged(flagged)},
        },
        "sparks": {
            "quality-accepted-spark": daily,
            "quality-updated-spark": _daily(updated.sum(axis=1).tolist()),
            "quality-aside-spark": _daily(_by_day(dated, found)),
            "quality-flagged-spark": _daily(_by_day(flagged, found)),
        },
    }


def _figure(card: str, value: str) -> dict[str, dict[str, Any]]:
    return {f"{card}-value": {"children": value}}


def _of(table: Any, turbine_id: str | None) -> Any:
    return table if turbine_id is None else table[table["turbine_id"] == turbine_id]


def _by_day(table: Any, found: Quality) -> list[int]:
    sums = table.groupby("day")["rows"].sum()
    return [int(sums.get(int(day), 0)) for day in found.days]


def _daily(counts: list[int]) -> list[int | None]:
    """Counts in percent of the largest, as spark lines want them; none where all are zero."""
    most = max(counts, default=0)
    return [round(100 * each / most) for each in counts] if most else []


def _most_flagged(flagged: Any) -> str:
    if flagged.empty:
        return "every value could be true"
    sums = flagged.groupby(["signal", "reason"])["rows"].sum().sort_values(ascending=False)
    name, reason = sums.index[0]
    return f"most: {signal(name).title}, {FLAGGED[reason][0].lower()}"


def _tiles(found: Quality, site: Site, zone: Zone) -> dict[str, dict[str, Any]]:
    props = {}
    for index, each in enumerate(found.turbines):
        word, tone, help_text = _state(each, found, site)
        props |= {
            f"quality-{index}-state": {
                "children": word,
                "className": f"pill {tone}",
                "title": help_text,
            },
            f"quality-{index}-newest": {
                "children": f"newest {words.moment(each.newest, zone)}"
                if each.newest is not None
                else "no row yet"
            },
            f"quality-{index}-note": {"children": _tile_note(each)},
        }
    return props


def _state(each: TurbineQuality, found: Quality, site: Site) -> tuple[str, str, str]:
    if each.newest is None:
        return "No data", "calm", "No row of this turbine has arrived yet."
    age = found.now - (each.newest + site.step)
    if age > WORST_IN_ROW * site.step:
        behind = words.duration(age)
        return f"{behind} behind", "watch", "Its newest row is older than the newest interval."
    return "Up to date", "good", "Its newest row is the newest interval's, or nearly."


def _tile_note(each: TurbineQuality) -> str:
    if each.newest is None or each.arrived_at is None:
        return words.MISSING
    age = words.duration(max(0, wall_now() - each.arrived_at))
    share = _floored(100 * each.coverage)
    return f"arrived {age} ago \N{MIDDLE DOT} {share} % of rows"


def _floored(percent: float, decimals: int = 1) -> str:
    """Rounded down: 100 % must mean that nothing is missing."""
    if math.isnan(percent):
        return words.MISSING
    return words.number(math.floor(percent * 10**decimals) / 10**decimals, decimals)


def _chart(found: Quality, site: Site, turbine_id: str | None) -> Reply:
    seen = figures_quality.seen_reasons(found, turbine_id)
    whose = "all turbines" if turbine_id is None else turbine_id
    return {
        "props": {
            "quality-about": {
                "children": f"days in UTC \N{MIDDLE DOT} bars: {whose} \N{MIDDLE DOT} by the day"
                " that was measured"
            },
            "quality-legend": {"children": _legend(seen)},
        },
        "figures": {"quality-chart": figures_quality.data(found, site, turbine_id)},
    }


def _legend(seen: dict[str, list[str]]) -> list[Any]:
    keys = [
        components.legend_word("cell", "all rows there"),
        components.legend_word("lacking", "some or all missing"),
    ]
    for name, known in (("rejected", SET_ASIDE), ("flagged", FLAGGED)):
        order = list(known)
        keys += [
            components.legend_word(f"hue-{order.index(each)}", known[each][0], title=known[each][1])
            for each in seen[name]
        ]
    if not seen["rejected"]:
        keys.append(html.Span("no row set aside in view", className="key"))
    if not seen["flagged"]:
        keys.append(html.Span("no value set to missing in view", className="key"))
    return keys


def _gaps(found: Quality, turbine_id: str | None, zone: Zone) -> dict[str, dict[str, Any]]:
    gaps = [each for each in found.gaps if turbine_id in (None, each.turbine_id)]
    rows = [
        (
            each.turbine_id,
            words.moment(each.start, zone),
            words.moment(each.end, zone),
            words.duration(each.end - each.start),
            words.number(each.rows),
        )
        for each in gaps
    ]
    return {
        **tables.filled(
            "gaps",
            GAP_COLUMNS,
            rows,
            otherwise="No gap: every interval between the first row and the newest has its row.",
        ),
        "gaps-about": {"children": _shown(len(rows))},
    }


def _stuck(found: Quality, turbine_id: str | None, zone: Zone) -> dict[str, dict[str, Any]]:
    spells = [each for each in found.stuck if turbine_id in (None, each.turbine_id)]
    rows = [
        (
            each.turbine_id,
            signal(each.signal).title,
            words.moment(each.start, zone),
            words.duration(each.end - each.start),
            f"{words.number(each.value, 1)} {signal(each.signal).unit}",
        )
        for each in spells
    ]
    return {
        **tables.filled(
            "stuck",
            STUCK_COLUMNS,
            rows,
            otherwise="No signal stood still for longer than its sensor should.",
        ),
        "stuck-about": {"children": _shown(len(rows))},
    }


def _shown(count: int) -> str:
    if not count:
        return ""
    return f"the newest {count}" if count >= MOST_SHOWN else f"{count}, newest first"


def _rows(house: House, search: Search, found: Quality, zone: Zone) -> dict[str, dict[str, Any]]:
    table = set_aside(house.reader, search)
    rows = [_aside_row(each, zone) for each in table.to_dict("records")]
    return {
        **tables.filled("aside", ROW_COLUMNS, rows, otherwise=_no_rows(found)),
        "aside-about": {"children": _searched(search, len(rows))},
    }


def _no_rows(found: Quality) -> str:
    if found.counters.get("set_aside", 0):
        return "No row set aside fits. Widen the search, or choose any reason and all turbines."
    return (
        "No row was set aside so far. Rows that break the contract (a time stamp that cannot be"
        " read, an unknown turbine, two rows for one time) would stand here with what they said."
    )


def _searched(search: Search, count: int) -> str:
    if search.text:
        return f"{count} found in the newest {words.number(SEARCHED)}"
    return _shown(count)


def _aside_row(row: dict[str, Any], zone: Zone) -> tuple[Any, ...]:
    name, help_text = SET_ASIDE.get(row["reason"], (row["reason"], ""))
    when = row["timestamp"]
    line = row["line"]
    return (
        words.moment(int(row["rejected_at"]), zone),
        tables.two_lines(tables.pill(name, "watch", help_text), row["detail"]),
        row["turbine_id"] or words.MISSING,
        words.MISSING if _is_none(when) else words.moment(int(when), zone),
        html.Code(_said(row["original"])),
        tables.two_lines(row["source"], "" if _is_none(line) else f"line {int(line):,}"),
    )


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _said(original: str) -> str:
    try:
        values = json.loads(original)
    except ValueError:
        return original
    return "  ".join(f"{column}={value}" for column, value in values.items())


PAGE = Page(
    key="quality",
    path="/quality",
    title="Data quality",
    layout=layout,
    reply=reply,
    controls={
        "quality-span": ("span", SPAN),
        "quality-of": ("of", ALL),
        "quality-reason": ("reason", ALL),
        "quality-search": ("q", ""),
    },
    frames={"quality-chart": figures_quality.frame},
)
