"""The figures of a prompt in one line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.night import LEARNING_NIGHTS, Chart, Night, Visible
from promptops.plurals import counted


def sentence(night: Night, chart: Chart | None, visible: Visible | None, learned: int) -> str:
    """Such as `91.3 points, baseline 91.8 of 10 nights, ewma -0.6 of -0.9 · contracts 149 of 150`.

    Args:
        chart: Of the score, or of the contracts for a prompt without measures.
        learned: The number of nights that the level was learned from so far.
    """
    return " · ".join(_parts(night, chart, visible, learned))


def _parts(
    night: Night, chart: Chart | None, visible: Visible | None, learned: int
) -> Iterator[str]:
    level = list(_level(night, chart, learned))
    if level:
        yield ", ".join(level)
    if night.of:
        yield f"contracts {night.kept} of {night.of}"
    if night.same is not None:
        yield f"same answers {100 * night.same:.0f}%"
    if visible is not None:
        yield _seen(visible)


def _level(night: Night, chart: Chart | None, learned: int) -> Iterator[str]:
    if night.mean is not None:
        yield f"{100 * night.mean:.1f} points"
    if chart is None or chart.baseline is None or chart.ewma is None:
        if learned < LEARNING_NIGHTS:
            yield f"{learned} of {LEARNING_NIGHTS} nights learned"
        return
    baseline = chart.baseline
    yield f"baseline {100 * baseline.mean:.1f} of {counted(baseline.nights, 'night')}"
    yield f"ewma {chart.ewma:.1f} of {chart.limit:.1f}"


def _seen(visible: Visible) -> str:
    loss = f"-{visible.points:g} points"
    if visible.nights is None:
        return f"this suite rarely sees {loss}"
    return f"this suite sees {loss} in about {counted(visible.nights, 'night')}"
