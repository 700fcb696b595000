"""Pictures for MLflow's pages, PNG bytes. No display, no global state."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

RESOLUTION = 110


def picture(draw_on: Callable[[Axes, Any], None], content: Any) -> bytes:
    """What `draw_on` draws of `content` on one pair of axes."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    draw_on(axes, content)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=RESOLUTION)
    return buffer.getvalue()
