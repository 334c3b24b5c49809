"""For a person at a terminal: a table for each prompt, the recommendation, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.arm import ArmComparison, ArmResult, ArmVerdict, PromptComparison
from promptops.model.report import Style, plain
from promptops.report.compare.parts import facts
from promptops.report.parts.visible import visible, visible_line, visible_path
from promptops.report.test.parts import scores
from promptops.report.test.parts.difference import Differences
from promptops.report.test.parts.facts import short

_ROLES: dict[ArmVerdict, str] = {
    "reference": "note",
    "not worse": "info",
    "better": "info",
    "worse": "error",
    "open": "warning",
}
_HEAD = ("arm", "verdict", "score", "difference", "contracts", "$/1,000", "tokens", "p50/p95")


def write(
    comparison: ArmComparison, *, style: Style = plain, figures: bool = False, **_: object
) -> str:
    """The whole text.

    Args:
        figures: Also show the statistics of each decision.
    """
    lines = _ComparisonWriter(comparison, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _ComparisonWriter:
    def __init__(self, comparison: ArmComparison, style: Style, *, figures: bool) -> None:
        self._comparison = comparison
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        for prompt in self._comparison.prompts:
            yield from self._prompt(prompt)
            yield ""
        yield from self._after()
        yield self._style("summary", visible_line(facts.summary(self._comparison)))

    def _prompt(self, prompt: PromptComparison) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        yield f"{name} {facts.title(prompt)}"
        yield from self._table(prompt)
        for arm in prompt.arms:
            yield from self._arm(arm)

    def _table(self, prompt: PromptComparison) -> Iterator[str]:
        rows = [_HEAD, *(_row(arm, prompt) for arm in prompt.arms)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for index, column in enumerate(zip(*rows[1:], strict=True)):
            widths[index] *= any(column)
        yield self._style("note", _aligned(rows[0], widths))
        for arm, row in zip(prompt.arms, rows[1:], strict=True):
            yield self._colored(arm, _aligned(row, widths), widths[0])

    def _colored(self, arm: ArmResult, line: str, width: int) -> str:
        """The line with a colour for its verdict."""
        start = 2 + width + 2
        end = start + len(arm.verdict)
        return line[:start] + self._style(_ROLES[arm.verdict], arm.verdict) + line[end:]

    def _arm(self, arm: ArmResult) -> Iterator[str]:
        name = self._style("code", visible_path(short(arm.name)))
        if arm.decided and self._figures:
            yield f"  {name}: {visible(arm.decided.line)}"
        for remark in (*facts.remarks(arm), *map(facts.other, arm.others)):
            yield f"  {name}: {remark}"
        for problem in facts.problems(arm):
            yield f"  {name}: {self._style('error', 'error')}: {problem}"
        yield from self._worst(arm, name)

    def _worst(self, arm: ArmResult, name: str) -> Iterator[str]:
        worst = facts.shows_worst(arm)
        if worst:
            legend = self._differences.legend("reference", short(arm.name))
            yield f"  {name}: worst cases, {legend}:"
        for worse in worst:
            lines = scores.case_lines(worse, self._differences, facts.LONG)
            yield from (f"  {line}".rstrip() for line in lines)

    def _after(self) -> Iterator[str]:
        comparison, style = self._comparison, self._style
        if facts.recommendation(comparison):
            yield f"{style('note', 'recommendation')}: {facts.recommendation(comparison)}"
        if facts.required(comparison):
            yield f"{style('error', 'error')}: {facts.required(comparison)}"
        if facts.ended(comparison):
            yield f"{style('warning', 'ended early')}: {facts.ended(comparison)}"
        if comparison.advice:
            yield f"{style('hint', 'hint')}: {facts.advice(comparison)}"


def _row(arm: ArmResult, prompt: PromptComparison) -> tuple[str, ...]:
    ratio = facts.ratio(arm)
    return (
        visible_path(short(arm.name)),
        arm.verdict,
        facts.score(arm, prompt),
        facts.difference(arm),
        facts.contracts(arm),
        facts.cost_1000(arm.cost_usd_1000) + (f" ({ratio})" if ratio else ""),
        facts.tokens(arm.tokens),
        facts.latency(arm.latency_s),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """The cells, without those of a column of width 0."""
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
    return f"  {'  '.join(cells)}".rstrip()
