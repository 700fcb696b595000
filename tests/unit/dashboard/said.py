"""What a table's tags say, as a reader reads them."""

import json
from typing import Any

from plotly.utils import PlotlyJSONEncoder


def text_of(tag: Any) -> str:
    """The words in a tag, a component or a list of them, with a space between tags."""
    plain = json.loads(json.dumps(tag, cls=PlotlyJSONEncoder))
    return " ".join(filter(None, _words(plain)))


def lines(props: dict[str, Any], table: str) -> list[list[str]]:
    """Each row of a filled table as the texts of its cells."""
    rows = props[f"{table}-rows"]["children"]
    return [[text_of(cell) for cell in row["props"]["children"]] for row in rows]


def _words(plain: Any) -> list[str]:
    if isinstance(plain, list):
        return [word for each in plain for word in _words(each)]
    if isinstance(plain, dict):
        return _words(plain["props"].get("children"))
    return [] if plain is None else [str(plain)]
