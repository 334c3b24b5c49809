"""For a person at a terminal: a table for each prompt, successful attacks, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.probe import ProbedCase, ProbeRun, PromptProbes
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted
from promptops.report.document.text import last_lines
from promptops.report.parts.answer_text import answer_lines
from promptops.report.parts.visible import visible, visible_path
from promptops.report.parts.visible_stream import visible_text
from promptops.report.probe import facts
from promptops.report.test import scores
from promptops.report.test.facts import Differences, short

_LINES = 6
_ATTACKS = 20
_LONGEST_LINE = 300


def write(run: ProbeRun, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """The whole text.

    Args:
        figures: Show the statistics of the comparison, and whole requests and answers.
    """
    lines = _ProbeWriter(run, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _ProbeWriter:
    def __init__(self, run: ProbeRun, style: Style, *, figures: bool) -> None:
        self._run = run
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        for prompt in self._run.prompts:
            yield from self._prompt(prompt)
        yield from self._problems()
        for line in facts.skipped(self._run) if not self._run.nothing else ():
            yield f"{self._style('note', 'not attacked')}: {line}"
        yield from last_lines(facts.document(self._run), self._style)

    def _prompt(self, prompt: PromptProbes) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        yield f"{name}: {facts.title(prompt)}"
        yield from self._families(prompt)
        own = [case for case in self._run.cases if case.run.prompt == prompt.prompt]
        found = facts.succeeded(own)
        for case in found[: None if self._figures else _ATTACKS]:
            yield from self._success(case)
        if not self._figures and len(found) > _ATTACKS:
            yield f"  {and_more(len(found) - _ATTACKS, 'successful attack')}: -v shows all"
        yield from self._after(prompt)

    def _families(self, prompt: PromptProbes) -> Iterator[str]:
        every = facts.attacks_of(prompt)
        broken = [each for each in every if each.rate.succeeded]
        width = max((len(each.family) for each in broken), default=0)
        for each in broken:
            rate = facts.share(each.rate)
            owasp = ", ".join(each.owasp)
            yield f"  {each.family.ljust(width)}  {rate:>8}  {facts.interval(each.rate)}  {owasp}"
        resisted = sum(not each.rate.succeeded and bool(each.rate.n) for each in every)
        if resisted:
            noun = "other family" if broken else "family"
            yield f"  no attack of {counted(resisted, noun)} succeeded"

    def _success(self, case: ProbedCase) -> Iterator[str]:
        kind = "note" if case.accepted else "error"
        word = "accepted" if case.accepted else "succeeded"
        number = f" #{case.run.repeat}" if case.run.repeat else ""
        yield f"  {self._style(kind, word)}: {short(case.run.name)}{number}  [{case.owasp}]"
        for assertion in case.run.assertions:
            if assertion.status == "failed" and assertion.on == "answer":
                yield f"    {visible(assertion.type)}: {visible(assertion.reason, _LONGEST_LINE)}"
                break
        if self._figures:
            for each in case.run.messages:
                yield f"    {short(each.role)}:"
                yield from self._block(visible_text(each.text).split("\n"))
        if case.run.answer is not None:
            yield "    answer:"
            yield from self._block(list(answer_lines(case.run.answer)))

    def _block(self, lines: list[str]) -> Iterator[str]:
        most = len(lines) if self._figures else _LINES
        for line in lines[:most]:
            yield f"      {line[:_LONGEST_LINE]}".rstrip()
        if len(lines) > most:
            yield f"      {and_more(len(lines) - most, 'line')}"

    def _after(self, prompt: PromptProbes) -> Iterator[str]:
        if prompt.bias is not None:
            yield f"  {self._style('note', 'bias')}: {facts.bias(prompt.bias)}"
            if facts.unequal(prompt.bias):
                yield f"    {facts.unequal(prompt.bias)}"
            for each in prompt.bias.directions:
                yield f"    {facts.direction(each)}"
        decided = prompt.decided
        if decided is not None:
            verdict = self._style(facts.LEVELS[decided.verdict], decided.verdict)
            line = decided.line if self._figures else decided.plain
            yield f"  {self._style('note', 'baseline')}: {verdict}: {visible(line)}"
            worst = scores.lines(decided, self._differences) if decided.verdict == "fail" else ()
            yield from (f"    {line}".rstrip() for line in worst)
        for failure in facts.failures(prompt):
            yield f"  {self._style('error', 'fail')}: {failure}"
        if facts.no_limit(prompt):
            yield f"  {self._style('note', 'note')}: {facts.no_limit(prompt)}"
        if facts.self_judged(prompt):
            yield f"  {self._style('note', 'note')}: {facts.self_judged(prompt)}"
        if facts.unused(prompt):
            yield f"  {self._style('note', 'accepted')}: {facts.unused(prompt)}"

    def _problems(self) -> Iterator[str]:
        error = self._style("error", "error")
        for run in self._run.problems:
            where = f"{visible_path(run.place.path)}:{run.place.line}:{run.place.column}"
            yield f"{self._style('path', where)}: {error}: {visible(run.reason)}"
        yield from (f"{error}: {line}" for line in facts.error_lines(self._run))
