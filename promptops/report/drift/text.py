"""For a person at a terminal: a row for each prompt, then what happened, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.night import Drift, PromptDrift
from promptops.model.report import Style, plain
from promptops.report.document.text import last_lines, table_lines
from promptops.report.drift import facts
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test import scores
from promptops.report.test.facts import Differences, problem_lines, short


def write(drift: Drift, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """The whole text.

    Args:
        figures: Also show the figures of each prompt in one line.
    """
    lines = _DriftWriter(drift, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _DriftWriter:
    def __init__(self, drift: Drift, style: Style, *, figures: bool) -> None:
        self._drift = drift
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        if self._drift.prompts:
            yield from table_lines(facts.tonight_table(self._drift), self._style)
            yield from self._details()
        for broken in self._drift.broken:
            where = visible_path(str(broken.place))
            yield f"{where}: {self._style('error', 'error')}: {visible(broken.message)}"
        for problem in problem_lines(self._drift.problems):
            yield f"{self._style('error', 'error')}: {problem}"
        yield from last_lines(facts.document(self._drift), self._style)

    def _details(self) -> Iterator[str]:
        lines = [line for prompt in facts.in_order(self._drift) for line in self._prompt(prompt)]
        lines += [facts.pooled_line(each) for each in facts.pooled(self._drift)]
        yield from ["", *lines] if lines else []
        yield ""

    def _prompt(self, prompt: PromptDrift) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        if self._figures:
            yield f"{name}: {visible(prompt.line)}"
        if facts.signal(prompt):
            verdict = self._style(facts.LEVELS[prompt.verdict], prompt.verdict)
            yield f"{name}: {verdict} {facts.signal(prompt)}"
        for remark in (*facts.remarks(prompt), *facts.changed_tonight(prompt)):
            yield f"{name}: {remark}"
        if prompt.blame:
            yield f"  {self._style('note', 'cause')}: {facts.blame(prompt)}"
        for reason in facts.other_reasons(prompt):
            yield f"  {self._style('note', 'also')}: {reason}"
        yield from self._worst(prompt)

    def _worst(self, prompt: PromptDrift) -> Iterator[str]:
        worst = facts.shows_worst(prompt)
        if worst:
            legend = self._differences.legend(facts.RECORDED, facts.TONIGHT)
            yield f"  worst cases, {legend}:"
        for worse in worst:
            lines = scores.case_lines(worse, self._differences, facts.LONG)
            yield from (f"  {line}".rstrip() for line in lines)
        for purpose, command in (
            facts.next_steps(prompt, self._drift) if prompt.verdict == "drifted" else ()
        ):
            yield f"  {self._style('hint', purpose)}: {command}"
