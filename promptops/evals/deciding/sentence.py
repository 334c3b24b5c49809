"""A decision in one line: as figures, or as a plain sentence; and what would settle it."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.evals.deciding.decision import Decision, Needs


def sentence(
    decision: Decision,
    *,
    cost_change: float | None = None,
    spent_usd: float | None = None,
    baseline: str | None = None,
) -> str:
    """The line of figures, in points: `-4.2 points [-6.5, -1.9] p=.003 n=200 k=3 · 9 worse, …`.

    Args:
        cost_change: Of an answer, as a share of the baseline's: .12 is 12% more.
        spent_usd: The cost of the answers of this run.
        baseline: The text after "baseline", safe to print.
    """
    parts = list(_figures(decision))
    if cost_change is not None:
        parts.append(f"cost {_plain(100 * cost_change, '+.0f')}%")
    if spent_usd is not None:
        parts.append(f"${spent_usd:.2f}")
    if baseline is not None:
        parts.append(f"baseline {baseline}")
    return " · ".join(parts)


def plain_sentence(decision: Decision, baseline: str) -> str:
    """Without statistics, in points: `4.2 points lower than main: 9 of 200 cases worse, 3 better`.

    Args:
        baseline: The name of the baseline, safe to print.
    """
    points = f"{100 * abs(decision.difference):.1f}"
    if float(points):
        side = "lower" if decision.difference < 0 else "higher"
        result = f"{points} points {side} than {baseline}"
    else:
        result = f"the same score as {baseline}"
    cases = [f"{decision.worse} of {decision.n} cases worse", f"{decision.better} better"]
    missing = len(decision.unpaired)
    return f"{result}: {', '.join([*cases, *([f'{missing} not compared'] if missing else [])])}"


def _figures(decision: Decision) -> Iterator[str]:
    yield (
        f"{_plain(100 * decision.difference, '+.1f')} points"
        f" [{_plain(100 * decision.low, '.1f')}, {_plain(100 * decision.high, '.1f')}]"
        f" p{_chance(decision.p)} n={decision.n} k={decision.repeats}"
    )
    yield f"{decision.worse} worse, {decision.better} better, {decision.same} same"
    if decision.unpaired:
        yield f"{len(decision.unpaired)} not compared"
    yield f"smallest visible effect {100 * decision.smallest_visible:.1f}"


def _plain(number: float, form: str) -> str:
    """Formatted, without a sign if rounding leaves nothing."""
    text = format(number, form)
    return text if text.strip("+-0.") else text.lstrip("+-")


def _chance(p: float) -> str:
    text = f"{p:.3f}"
    if text == "0.000":
        return "<.001"
    return f"={text.removeprefix('0')}" if p < 0.9995 else "=1"


def what_it_takes(needs: Needs) -> str:
    """What would settle an inconclusive decision; names no case."""
    if needs.repeats is not None:
        return f"{needs.repeats} repeats per case, on both sides, would give a clearer result"
    if needs.suspects:
        count = len(needs.suspects)
        whom = "the suspect case" if count == 1 else f"each of the {count} suspect cases"
        return f"{needs.fresh} fresh answers to {whom}, on both sides, would give a clearer result"
    return f"about {needs.cases} cases would decide if the difference stays the same"
