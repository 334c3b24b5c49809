"""Changes for a terminal and a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.commands.diff import facts
from promptops.commands.diff.facts import DistinctPrompt, distinct_prompts, risks
from promptops.model.change import CaseDiff, Change, DiffReport, PromptDiff, SeenPair
from promptops.model.report import Style, plain
from promptops.model.version import Bump
from promptops.plurals import and_more, counted, some
from promptops.report.differences import by_words, marked, patch_lines, shortened
from promptops.report.markdown_text import code, escape, fenced, sentence, within
from promptops.report.visible import visible, visible_path

_LINES_OF_A_MESSAGE = 40
_LINES_OF_A_PROMPT = 120
_BUMPS = {Bump.MAJOR: "error", Bump.MINOR: "warning", Bump.PATCH: "info", Bump.NONE: "info"}
_LEVELS = {"breaking": "error", "warning": "warning", "waived": "note"}


def write_text(report: DiffReport, *, style: Style = plain, **_: object) -> str:
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
        if distinct.through:
            names = some([each.id for each in distinct.also], facts.NAMES_SHOWN, name=facts.short)
            yield f"  {facts.reached_by(distinct)}: {names}"
        elif distinct.also:
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
            was_and_now = [f"was: {values[0]}", f"now: {values[1]}"]
            yield from [" -> ".join(values)] if facts.are_short(values) else was_and_now
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
            lines = list(self._case(distinct.prompt, each.case))
            if each.also:
                also = counted(len(each.also), "more case")
                lines.append(f"the same in {also}: {facts.listed(each.also)}")
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


# For the comment on a pull request: a summary first, then each prompt, folded.

MARKER = "<!-- promptops diff -->"
"""Identifies the comment, so that it is updated and not repeated."""

_LIMIT = 65_536
_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_RISKS = 8_000
_ROOM_FOR_ROWS = 20_000
_LONGEST_PATCH = 6_000
_LONGEST_SECTION = 12_000
_LONGEST_SENTENCE = 500
_TABLE = "| prompt | version | what | cases | tokens |\n|---|---|---|---|---|\n"
_ARROW = "→"


def write_markdown(report: DiffReport, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes what is left out."""
    sides = f"from {code(facts.short(report.base))} to {code(facts.short(report.head))}"
    headline = f"**{facts.required(report.bump)}** {sides} · {escape(facts.counts(report))}"
    head = f"{MARKER}\n{headline}\n{summary(report)}"
    return head + details(report, _LIMIT - _RESERVED - len(head))


def summary(report: DiffReport) -> str:
    """Risks, and a row for each prompt; at most 30,000 characters."""
    loud = [
        row
        for each in distinct_prompts(report)
        for row in ([each] if each.through else map(_alone, (each.prompt, *each.also)))
        if not facts.is_quiet(row.prompt)
    ]
    quiet = [each for each in report.prompts if facts.is_quiet(each)]
    return "".join([_risks(report), _table(report, loud), _quiet(quiet)])


def _alone(prompt: PromptDiff) -> DistinctPrompt:
    return DistinctPrompt(prompt, (), ())


def details(report: DiffReport, room: int) -> str:
    """The prompts in full, folded, as many as fit, in order, and the number of the others."""
    loud = [each for each in distinct_prompts(report) if not facts.is_quiet(each.prompt)]
    sections = list(within(room, (_section(report, each, len(loud) == 1) for each in loud)))
    left_out = sum(1 + len(each.also) for each in loud[len(sections) :])
    return "".join(sections) + (f"\n{_left_out(report, left_out)}\n" if left_out else "")


def _risks(report: DiffReport) -> str:
    found = risks(report)
    lines = list(within(_ROOM_FOR_RISKS, (_risk(*each) for each in found)))
    left_out = len(found) - len(lines)
    if left_out:
        lines.append(f"- {and_more(left_out, 'risk')}\n")
    return f"\n**Risks**\n\n{''.join(lines)}" if lines else ""


def _risk(prompts: tuple[PromptDiff, ...], change: Change) -> str:
    who = some([code(facts.name(prompt, _ARROW)) for prompt in prompts], 1)
    return f"- {who}: {_sentence(facts.risk(change, _ARROW))} ({escape(visible(change.code))})\n"


def _table(report: DiffReport, prompts: list[DistinctPrompt]) -> str:
    if not prompts:
        return ""
    rows = list(within(_ROOM_FOR_ROWS, map(_row, prompts)))
    left_out = sum(1 + len(each.also) for each in prompts[len(rows) :])
    more = f"\n{_left_out(report, left_out)}\n" if left_out else ""
    return f"\n{_TABLE}{''.join(rows)}{more}"


def _row(distinct: DistinctPrompt) -> str:
    """A row for a prompt, or for all that one edit reaches, of which it is the example."""
    prompt, every = distinct.prompt, (distinct.prompt, *distinct.also)
    required = facts.required(prompt.bump)
    bump = f"**{required}**{facts.bump(prompt).removeprefix(required)}"
    differing, rendered = (
        sum(each.differing for each in every),
        sum(each.rendered for each in every),
    )
    of_all = f" of {rendered:,}" if rendered >= differing else ""
    messages = [_sentence(change.message) for change in facts.worst_first(prompt.changes)]
    others = f" and {_sentence(facts.reached_by(distinct))}" if distinct.through else ""
    versions = "" if distinct.through else escape(facts.versions(prompt, _ARROW))
    cells = [
        f"{code(facts.name(prompt, _ARROW))}{others}",
        " ".join(filter(None, [versions, bump])),
        some(messages, 1, "change") if messages else "",
        f"{differing:,}{of_all}" if prompt.cases else "",
        facts.token_range(case for each in every for case in each.cases),
    ]
    return f"| {' | '.join(cells)} |\n"


def _quiet(prompts: list[PromptDiff]) -> str:
    if not prompts:
        return ""
    every = [f"{code(facts.name(each, _ARROW))} ({facts.required(each.bump)})" for each in prompts]
    names = some(every, facts.NAMES_SHOWN)
    what = f"{counted(len(prompts), 'prompt')} changed without an effect on callers, the model"
    return f"\n{what} or consumers: {names}.\n"


def _left_out(report: DiffReport, number: int) -> str:
    return f"{counted(number, 'more prompt')} left out: {code(visible(facts.command(report)))}"


def _section(report: DiffReport, distinct: DistinctPrompt, is_only: bool) -> str:
    prompt = distinct.prompt
    title = code(facts.name(prompt, _ARROW))
    label = counted(len(prompt.changes), "change")
    also = f", the same in {counted(len(distinct.also), 'more prompt')}" if distinct.also else ""
    if distinct.through:
        also = f", an example for {escape(facts.reached_by(distinct))}"
    details = "<details open>" if is_only else "<details>"
    text = f"\n{details}<summary>{title}: {label}{also}</summary>\n\n"
    return f"{text}{_body(report, distinct)}\n</details>\n"


def _body(report: DiffReport, distinct: DistinctPrompt) -> str:
    prompt = distinct.prompt
    via = facts.shared_via(prompt)
    text = f"Through {_codes(via)}.\n\n" if via else ""
    if distinct.through:
        text += f"The same edit reaches {_codes([other.id for other in distinct.also])}.\n\n"
    elif distinct.also:
        text += f"The same in {_codes([other.id for other in distinct.also])}.\n\n"
    changes = facts.worst_first(prompt.changes)
    every = (_change(change, told_via=bool(via)) for change in changes)
    items = list(within(_LONGEST_SECTION, every))
    if len(items) < len(changes):
        items.append(f"- {counted(len(changes) - len(items), 'more change')}\n")
    return f"{text}{''.join(items)}{''.join(_blocks(report, distinct))}"


def _change(change: Change, *, told_via: bool) -> str:
    level = facts.level(change)
    name = escape(facts.short(f"{change.code} {change.name}"))
    where = f", at {code(facts.short(change.path))}" if change.path else ""
    text = f"- {f'**{level}** ' if level else ''}{name}: {_sentence(change.message)}{where}\n"
    return text + "".join(f"  - {line}\n" for line in _details(change, told_via=told_via))


def _details(change: Change, *, told_via: bool) -> Iterator[str]:
    values = facts.values(change)
    if values is not None:
        before, after = map(code, values)
        is_short = facts.are_short(values)
        yield from [f"{before} {_ARROW} {after}"] if is_short else [f"was {before}", f"now {after}"]
    if change.witness is not None:
        shown, proof_text = facts.compact(change.witness.value), facts.proof(change.witness)
        yield f"witness: {change.witness.kind} {code(shown)} {_sentence(proof_text)}"
    if facts.unexplained_risk(change):
        yield f"risk: {_sentence(change.risk)}"
    if change.waiver is not None:
        yield f"waived {_sentence(facts.waived(change))}"
    if change.via and not told_via:
        yield f"through {_codes(change.via)}"


def _blocks(report: DiffReport, distinct: DistinctPrompt) -> Iterator[str]:
    """The cases that fit."""
    room = _LONGEST_SECTION
    for index, each in enumerate(distinct.cases):
        block = _block(report, distinct.prompt, each.case)
        if each.also:
            block += f"\nThe same in {_codes(each.also)}.\n"
        room -= len(block)
        if room < 0:
            left_out = counted(len(distinct.cases) - index, "more case")
            yield f"\n{left_out} not shown: {_all_of(report, distinct.prompt)}\n"
            return
        yield block


def _block(report: DiffReport, prompt: PromptDiff, case: CaseDiff) -> str:
    name = f"case {code(facts.short(case.name))}"
    errors = facts.errors(case)
    if errors:
        return "".join(f"\n{name} {_sentence(error)}\n" for error in errors)
    text = "".join(
        f"\n{name} · {escape(facts.role(pair, _ARROW))}\n\n{_patch(report, prompt, pair)}"
        for pair in case.pairs
        if pair.differs
    )
    text += "".join(f"\n{name}: {_sentence(facts.short(line))}\n" for line in case.verdicts)
    if case.rest:
        text += f"\n{name}: {escape(', '.join(map(facts.short, case.rest)))} differ\n"
    label = [facts.tokens(case, report.tokenizer, _ARROW), facts.cost(case, _ARROW)]
    return f"{text}\n<sub>{escape('; '.join(filter(None, label)))}</sub>\n"


def _patch(report: DiffReport, prompt: PromptDiff, pair: SeenPair) -> str:
    before, after = pair.before, pair.after
    lines = patch_lines(before.text if before else "", after.text if after else "")
    shown = list(within(_LONGEST_PATCH, lines[:_LINES_OF_A_MESSAGE]))
    left_out = len(lines) - len(shown)
    text = fenced("diff", shown)
    if left_out:
        text += f"\n{counted(left_out, 'more line')}: {_all_of(report, prompt)}\n"
    return text


def _all_of(report: DiffReport, prompt: PromptDiff) -> str:
    return code(visible(facts.command(report, [prompt.id])))


def _codes(names: Iterable[str]) -> str:
    return some([code(facts.short(name)) for name in names], facts.NAMES_SHOWN)


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))
