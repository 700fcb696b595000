"""Replies in parts: what the browser has already is not sent again."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from dash.development.base_component import Component

from ml_app_wind_draft.dashboard.page import Reply


def only_new(key: str, parts: Mapping[str, Reply], held: Mapping[str, Any]) -> Reply:
    """The parts (name -> reply) that differ from what the browser says it `held`.

    `key` names what is looked at: parts of another view are sent whole.
    """
    known = held.get("parts") if held.get("key") == key else None
    known = known if isinstance(known, dict) else {}
    sums = {name: _checksum(part) for name, part in parts.items()}
    new = [part for name, part in parts.items() if known.get(name) != sums[name]]
    return {**_merged(new), "held": {"key": key, "parts": sums}}


def _merged(parts: list[Reply]) -> Reply:
    """One reply of several; each says other components."""
    merged: Reply = {}
    for part in parts:
        for name, content in part.items():
            merged[name] = {**merged.get(name, {}), **content}
    return merged


def _checksum(part: Reply) -> int:
    return zlib.crc32(json.dumps(part, default=_plain).encode())


def _plain(component: Component) -> dict[str, Any]:
    return component.to_plotly_json()
