"""For a person at a terminal: a table for each prompt, the recommendation, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.arm import ArmComparison, ArmResult, PromptComparison
from promptops.model.report import Style, plain
from promptops.report.compare import facts
from promptops.report.document.text import last_lines, table_lines
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test import scores
from promptops.report.test.facts import Differences, short


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
        yield from last_lines(facts.document(self._comparison), self._style)

    def _prompt(self, prompt: PromptComparison) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        yield f"{name} {facts.title(prompt)}"
        yield from (f"  {line}" for line in table_lines(facts.arms(prompt), self._style))
        for arm in prompt.arms:
            yield from self._arm(arm)

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
