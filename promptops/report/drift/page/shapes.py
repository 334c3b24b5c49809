"""The shapes of nights on a control chart, as SVG paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from promptops.model.night import NightVerdict

Shape = Literal["hollow", "circle", "triangle", "square"]

_SHAPES: dict[NightVerdict, Shape] = {
    "learning": "hollow",
    "suspect": "triangle",
    "drifted": "square",
}


def shape_of(verdict: NightVerdict) -> Shape:
    """The shape of a night with a verdict."""
    return _SHAPES.get(verdict, "circle")


def outline(shape: Shape, x: float, y: float, radius: float) -> str:
    """The path of a shape around a point."""
    if shape == "triangle":
        side, above = 1.4 * radius, y - radius
        return _polygon([(x, y + 1.5 * radius), (x - side, above), (x + side, above)])
    if shape == "square":
        left, right = x - 1.15 * radius, x + 1.15 * radius
        above, below = y - 1.15 * radius, y + 1.15 * radius
        return _polygon([(left, above), (right, above), (right, below), (left, below)])
    half = f"a{radius} {radius} 0 1 0"
    return f"M{x - radius:.1f} {y}{half} {2 * radius:.1f} 0{half} {-2 * radius:.1f} 0z"


def _polygon(corners: Sequence[tuple[float, float]]) -> str:
    return f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in corners)}z"
