"""What all pictures of an evaluation share."""

from __future__ import annotations

from io import BytesIO
from typing import Any

RIGHT, WRONG, BAR = "#20639b", "#c0392b", "#7fb0d8"
_DPI = 130


def new_figure(width_inches: float, height_inches: float) -> tuple[Any, Any]:
    """A figure of matplotlib's, and the axes in it."""
    figure = empty_figure(width_inches, height_inches)
    return figure, figure.add_subplot()


def empty_figure(width_inches: float, height_inches: float) -> Any:
    """A figure of matplotlib's without axes."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inches, height_inches), dpi=_DPI, layout="constrained")


def figure_png(figure: Any) -> bytes:
    """A figure as a PNG."""
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
