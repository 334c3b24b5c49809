"""For a person at a terminal: risks, then each prompt with its changes and rendered differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.change import CaseDiff, Change, DiffReport, PromptDiff, SeenPair
from promptops.model.report import Style, plain
from promptops.model.version import Bump
from promptops.plurals import counted, some
from promptops.report.diff import facts
from promptops.report.diff.facts import DistinctPrompt, distinct_prompts, risks
from promptops.report.parts.shown_lines import by_words, marked, shortened
from promptops.report.parts.visible import visible, visible_path

_LINES_OF_A_MESSAGE = 40
_LINES_OF_A_PROMPT = 120
_BUMPS = {Bump.MAJOR: "error", Bump.MINOR: "warning", Bump.PATCH: "info", Bump.NONE: "info"}
_LEVELS = {"breaking": "error", "warning": "warning", "waived": "note"}


def write(report: DiffReport, *, style: Style = plain, **_: object) -> str:
    """All changes with long values cut, then a summary line."""
    return _DiffWriter(report, style).text()


def risk_lines(report: DiffReport, style: Style) -> Iterator[str]:
    """Each risk once."""
    for prompts, change in risks(report):
        first, *others = [visible_path(facts.short(prompt.id)) for prompt in prompts]
        who = some([style("path", first), *others], 1)
        code = style("code", f"[{visible(change.code)}]")
        yield f"{style('error', 'risk')}: {who}: {facts.risk(change)}  {code}"


class _DiffWriter:
    def __init__(self, report: DiffReport, style: Style) -> None:
        self._report = report
        self._style = style

    def text(self) -> str:
        lines = list(risk_lines(self._report, self._style))
        for each in distinct_prompts(self._report):
            lines += [*([""] if lines else []), *self._prompt(each)]
        lines += [*([""] if lines else []), self._style("summary", facts.headline(self._report))]
        return "".join(f"{line}\n" for line in lines)

    def _prompt(self, distinct: DistinctPrompt) -> Iterator[str]:
        prompt = distinct.prompt
        yield self._title(prompt)
        via = facts.shared_via(prompt)
        if via:
            yield f"  through {some(via, facts.NAMES_SHOWN, name=facts.short)}"
        for change in facts.worst_first(prompt.changes):
            yield from self._change(change, told_via=bool(via))
        yield from self._cases(distinct)
        if distinct.also:
            yield f"  the same in {counted(len(distinct.also), 'more prompt')}:"
            for other in distinct.also:
                yield f"    {self._title(other)}"
                yield from (
                    f"      {line}" for line in map(self._fingerprint, other.changes) if line
                )

    def _title(self, prompt: PromptDiff) -> str:
        name = self._style("path", visible_path(facts.name(prompt)))
        bump = self._style(_BUMPS[prompt.bump], facts.bump(prompt))
        versions = facts.versions(prompt)
        return f"{name}  {versions + ' ' if versions else ''}({bump})"

    def _change(self, change: Change, *, told_via: bool) -> Iterator[str]:
        level = facts.level(change)
        word = f"{self._style(_LEVELS[level], level)}: " if level else ""
        code, path = visible(change.code), self._style("gutter", visible(change.path))
        yield f"  {self._style('code', code)} {word}{visible(change.message)}  {path}".rstrip()
        yield from (f"    {line}" for line in self._details(change, told_via=told_via))

    def _details(self, change: Change, *, told_via: bool) -> Iterator[str]:
        values = facts.values(change)
        if values is not None:
            before, after = values
            short = facts.are_short(values)
            yield from [f"{before} -> {after}"] if short else [f"was: {before}", f"now: {after}"]
        if change.witness is not None:
            shown, proof_text = facts.compact(change.witness.value), facts.proof(change.witness)
            yield f"{self._style('note', 'witness')}: {change.witness.kind} {shown} {proof_text}"
        yield from filter(None, (self._fingerprint(change),))
        if facts.unexplained_risk(change):
            yield f"{self._style('error', 'risk')}: {facts.unexplained_risk(change)}"
        if change.waiver is not None:
            yield f"{self._style('note', 'waived')} {facts.waived(change)}"
        if change.via and not told_via:
            yield f"through {some(change.via, facts.NAMES_SHOWN, name=facts.short)}"

    def _fingerprint(self, change: Change) -> str:
        """The fingerprint for a waiver of a breaking change, or ""."""
        if not change.breaking or not change.fingerprint:
            return ""
        return f"{self._style('gutter', 'fingerprint')} {visible(change.fingerprint)}"

    def _cases(self, distinct: DistinctPrompt) -> Iterator[str]:
        room = _LINES_OF_A_PROMPT
        for index, each in enumerate(distinct.cases):
            if room <= 0:
                names = [left.case.name for left in distinct.cases[index:]]
                yield f"  {counted(len(names), 'more case')} not shown: {facts.listed(names)}"
                yield f"  {self._all_of(distinct.prompt)}"
                return
            lines = [*self._case(distinct.prompt, each.case), *_also(each.also)]
            yield ""
            yield from (f"  {line}".rstrip() for line in lines)
            room -= len(lines)

    def _case(self, prompt: PromptDiff, case: CaseDiff) -> Iterator[str]:
        name = f"case '{facts.short(case.name)}'"
        errors = facts.errors(case)
        if errors:
            yield from (f"{self._style('note', name)} {error}" for error in errors)
            return
        for pair in case.pairs:
            if pair.differs:
                yield self._style("note", f"{name} · {facts.role(pair)}")
                yield from (f"  {line}" for line in self._message(prompt, pair))
        yield from (f"{self._style('note', name)}: {facts.short(line)}" for line in case.verdicts)
        if case.rest:
            yield f"{self._style('note', name)}: {', '.join(map(facts.short, case.rest))} differ"
        figures = [facts.tokens(case, self._report.tokenizer), facts.cost(case)]
        yield self._style("gutter", "; ".join(filter(None, figures)))

    def _message(self, prompt: PromptDiff, pair: SeenPair) -> Iterator[str]:
        before, after = pair.before, pair.after
        lines = by_words(before.text if before else "", after.text if after else "")
        for line in lines[:_LINES_OF_A_MESSAGE]:
            yield "…" if line is None else marked(shortened(line), self._style)
        left_out = lines[_LINES_OF_A_MESSAGE:]
        if left_out:
            yield f"… {counted(len(left_out), 'more line')}: {self._all_of(prompt)}"

    def _all_of(self, prompt: PromptDiff) -> str:
        return self._style("hint", facts.command(self._report, [prompt.id]))


def _also(names: Iterable[str]) -> Iterator[str]:
    every = list(names)
    if every:
        yield f"the same in {counted(len(every), 'more case')}: {facts.listed(every)}"
