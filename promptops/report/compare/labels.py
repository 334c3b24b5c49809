"""Places labels beside points so that none covers another or a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import dist

from promptops.records import record

HEIGHT = 16.0
WIDTH_OF_A_CHARACTER = 7.9  # of the monospaced font at 13 px, as wide as browsers' fonts are

_LONGEST, _LONGEST_OF_MANY, _FEW = 22, 14, 5  # characters; arms
_GAP = 10.0
_CLEAR = 6.0  # around a point
_STEP = 8.0
_SPACE = 3.0  # between labels in a row


@record(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not (is_beside or self.bottom <= other.top or other.bottom <= self.top)

    def contains(self, other: Box) -> bool:
        is_across = self.left <= other.left and other.right <= self.right
        return is_across and self.top <= other.top and other.bottom <= self.bottom


@record(frozen=True, slots=True, kw_only=True)
class Label:
    """A text beside a point.

    Attributes:
        x, y: Of its left end, at half of its height.
        is_away: It is so far from its point that a line should connect them.
        anchor_x: Of the end that is nearer to the point.
    """

    text: str
    x: float
    y: float
    is_away: bool
    anchor_x: float


def placed(
    anchors: Sequence[tuple[float, float, str]],
    whiskers: Sequence[Box],
    lines: Sequence[Box],
    frame: Box,
) -> tuple[Label, ...]:
    """A label for each point, given as x, y and text, in this order.

    Each is at the nearest free place. It covers a line only if there is no other place, and a
    whisker only if that is not enough, but never a point or another label as long as there is room.
    """
    longest = _LONGEST if len(anchors) <= _FEW else _LONGEST_OF_MANY
    taken = [_around(x, y) for x, y, _ in anchors]
    labels: list[Label] = []
    for x, y, text in anchors:
        shown = shortened(text, longest)
        avoided: tuple[list[Box], ...] = [*taken, *whiskers, *lines], [*taken, *whiskers], taken, []
        found = (_first_free(x, y, shown, boxes, frame) for boxes in avoided)
        label = next(filter(None, found), None) or next(_candidates(x, y, shown, frame))
        taken.append(_box(label))
        labels.append(label)
    return tuple(labels)


def along(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Box]:
    """Small boxes along a line."""
    count = max(1, int(dist(start, end) / _STEP))
    for step in range(count + 1):
        x, y = (a + (b - a) * step / count for a, b in zip(start, end, strict=True))
        yield Box(left=x - 2, top=y - 2, right=x + 2, bottom=y + 2)


def shortened(text: str, longest: int) -> str:
    """The text, cut in the middle: names often differ at the end."""
    if len(text) <= longest:
        return text
    end = longest // 2
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def _around(x: float, y: float) -> Box:
    return Box(left=x - _CLEAR, top=y - _CLEAR, right=x + _CLEAR, bottom=y + _CLEAR)


def _first_free(x: float, y: float, text: str, taken: Sequence[Box], frame: Box) -> Label | None:
    candidates = _candidates(x, y, text, frame)
    return next((each for each in candidates if _is_free(each, taken, frame)), None)


def _candidates(x: float, y: float, text: str, frame: Box) -> Iterator[Label]:
    """Further and further from the point: right and left, above and below."""
    width = len(text) * WIDTH_OF_A_CHARACTER
    inside = min(max(x - width / 2, frame.left + _SPACE), frame.right - width - _SPACE)
    for step in range(round((frame.bottom - frame.top) / _STEP)):
        for down in (step * _STEP, -step * _STEP) if step else (0.0,):
            for left in (x + _GAP, x - _GAP - width, inside):
                yield _label(text, x, left, y + down, is_away=step > 1)


def _label(text: str, x: float, left: float, y: float, *, is_away: bool) -> Label:
    right = left + len(text) * WIDTH_OF_A_CHARACTER
    anchor = min(max(x, left), right)
    return Label(
        text=text, x=round(left, 1), y=round(y, 1), is_away=is_away, anchor_x=round(anchor, 1)
    )


def _is_free(label: Label, taken: Sequence[Box], frame: Box) -> bool:
    box = _box(label)
    return frame.contains(box) and not any(box.overlaps(other) for other in taken)


def _box(label: Label) -> Box:
    width = len(label.text) * WIDTH_OF_A_CHARACTER
    top = label.y - HEIGHT / 2
    return Box(left=label.x - _SPACE, top=top, right=label.x + width + _SPACE, bottom=top + HEIGHT)
