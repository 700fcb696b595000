"""Tables for people: a caption for screen readers, units in the head, scrolled by keyboard too.

A table's rows are thousands of tags a refresh. They are plain dictionaries, as Dash sends them: its
component classes take ten times as long to build and to write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

Cell = Any
Tag = Any  # a dictionary; what Dash says of its children knows only component classes


@dataclass(frozen=True, slots=True)
class Column:
    """`title` stands in the head, `unit` beside it, `help` says more; numbers are flush right.

    A silent title is there for screen readers alone.
    """

    title: str
    unit: str = ""
    help: str = ""
    is_number: bool = False
    class_name: str = ""
    is_silent: bool = False


def frame(table: str, caption: str, columns: Sequence[Column]) -> html.Div:
    """A table without rows; `rows_of` fills `table`-rows, `table`-empty says why there are none."""
    return html.Div(
        [
            html.Div(
                className="table-box",
                tabIndex=0,
                role="region",
                **{"aria-label": caption},
                children=html.Table(
                    [
                        html.Caption(caption, className="unseen"),
                        html.Thead(html.Tr([_head(each) for each in columns])),
                        html.Tbody(id=f"{table}-rows"),
                    ],
                    className="table",
                ),
            ),
            html.P(id=f"{table}-empty", className="empty hidden"),
        ]
    )


def _head(column: Column) -> html.Th:
    unit = [html.Span(f" {column.unit}", className="head-unit")] if column.unit else []
    return html.Th(
        [html.Span(column.title, className="unseen") if column.is_silent else column.title, *unit],
        scope="col",
        title=column.help or None,
        className=_class_of(column),
    )


def filled(
    table: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, otherwise: str
) -> dict[str, dict[str, Any]]:
    """Properties that give the table its rows, or say `otherwise` where there are none."""
    return {
        f"{table}-rows": {"children": [_row(columns, each) for each in rows]},
        f"{table}-empty": {
            "children": "" if rows else otherwise,
            "className": "empty hidden" if rows else "empty",
        },
    }


def _row(columns: Sequence[Column], cells: Sequence[Cell]) -> Tag:
    return tag(
        "Tr",
        [
            tag("Td", cell, className=_class_of(column))
            for column, cell in zip(columns, cells, strict=True)
        ],
    )


def _class_of(column: Column) -> str | None:
    return " ".join(filter(None, ("number" if column.is_number else "", column.class_name))) or None


def tag(kind: str, children: Cell, **properties: Any) -> Tag:
    """An element of `dash.html` (`kind`: "Td", ...) as Dash sends it; `None` is left out."""
    given = {name: value for name, value in properties.items() if value is not None}
    return {
        "type": kind,
        "namespace": "dash_html_components",
        "props": {"children": children, **given},
    }


def pill(word: str, tone: str, help_text: str = "") -> Tag:
    """A word in a tone: `good`, `watch`, `calm` or `alarm`."""
    return tag("Span", word, className=f"pill {tone}", title=help_text or None)


def two_lines(first: Cell, second: Cell) -> Tag:
    """What matters, and below it in small what explains it."""
    return tag("Div", [tag("Div", first), tag("Div", second, className="note")])


def csv_link(
    link: str, about: str, href: str, tells: str, *, words: str = "CSV", hidden: bool = False
) -> html.A:
    """A link of id `link` that downloads what is seen; `about` for those who cannot see it."""
    return html.A(
        f"{words} \N{DOWNWARDS ARROW}",
        id=link,
        className="quiet-link hidden" if hidden else "quiet-link",
        href=href,
        download="",
        title=tells,
        **{"aria-label": f"{about} as CSV"},
    )


def card(
    title: str,
    *children: Any,
    about: Any = "",
    help_text: str = "",
    beside: Sequence[Any] = (),
    class_name: str = "",
    title_id: str = "",
) -> html.Section:
    """A card with a heading, a word or two about it, and what else stands `beside` them."""
    named: dict[str, Any] = {"id": title_id} if title_id else {}
    return html.Section(
        className=f"card {class_name}".rstrip(),
        children=[
            html.Div(
                className="card-head",
                children=[
                    html.H2(title, title=help_text or None, **named),
                    html.Span(about, className="note") if isinstance(about, str) else about,
                    *beside,
                ],
            ),
            *children,
        ],
    )
