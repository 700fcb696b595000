"""What makes a page: where it is, how it looks without data, and what a refresh tells it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dash import Dash
from dash.development.base_component import Component

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.dashboard.theme import Scheme
from ml_app_wind_draft.dashboard.view import View

Reply = dict[str, Any]


@dataclass(frozen=True, slots=True)
class House:
    """What every page may use."""

    reader: Reader
    site: Site
    settings: Settings


def nothing_to_say(house: House, view: View, held: dict[str, Any]) -> Reply:  # noqa: ARG001
    """For a page whose data all come from the database."""
    return {}


def nothing_to_register(app: Dash, house: House) -> None:
    """For a page whose refreshes say it all."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the dashboard.

    `layout` is the page without data and needs neither database nor MLflow. `reply` answers a
    refresh, about every 5 s and whenever the view changes, to what the browser says it `held`:
    `props` (component id -> properties), `sparks` (id -> percent values), `figures` (graph id ->
    traces by `uid` and layout, laid over the graph's frame), and whatever the page's own script in
    `assets` wants. It may raise `StorageError`. `controls` ties a control's `value` to a parameter
    of the address: id -> (parameter, default). `frames` are figures without data, one a theme.
    `without_database` answers as `reply` does where that has raised `StorageError`.
    """

    key: str
    path: str
    title: str
    layout: Callable[[Site, Settings], Component]
    reply: Callable[[House, View, dict[str, Any]], Reply]
    register: Callable[[Dash, House], None] = nothing_to_register
    controls: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    frames: Mapping[str, Callable[[Scheme], dict[str, Any]]] = field(default_factory=dict)
    without_database: Callable[[House, View, dict[str, Any]], Reply] = nothing_to_say
