"""For a comment on a pull request: the rates by family and input, then each successful attack."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.probe_run import FamilyRate, ProbedCase, ProbeRun, PromptProbes
from promptops.plurals import counted
from promptops.report.parts.markdown_text import block, code, escape, fitting, sentence
from promptops.report.parts.visible import visible
from promptops.report.probe.parts import facts
from promptops.report.test.markdown import LIMIT
from promptops.report.test.parts.facts import answer_lines, short

MARKER = "<!-- promptops probe -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_LINES = 30
_LONGEST_SENTENCE = 2_000


def write(run: ProbeRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = _head(run)
    room = LIMIT - _RESERVED - len(head)
    tables = list(fitting(room, map(_table, run.prompts)))
    room -= sum(map(len, tables))
    left_out = len(run.prompts) - len(tables)
    more = f"\n{counted(left_out, 'more prompt')}: {code(facts.ALL)}\n" if left_out else ""
    found = facts.succeeded(run.cases)
    attacks = list(fitting(room, map(_attack, found)))
    hidden = len(found) - len(attacks)
    rest = f"\n{counted(hidden, 'more attack')}: {code(facts.ALL)}\n" if hidden else ""
    return "".join([head, *tables, more, *attacks, rest])


def _head(run: ProbeRun) -> str:
    lines = [
        f"**Probe**: {_sentence(facts.summary(run))}",
        _sentence(facts.missing(run)),
        _sentence(facts.ended(run)),
        *(f"- {_sentence(problem.reason)}" for problem in run.problems[:_LINES]),
        *(f"- {_sentence(line)}" for line in list(facts.error_lines(run))[:_LINES]),
        *([] if run.nothing else [f"- not attacked: {_sentence(each)}" for each in _skipped(run)]),
        f"Next: {code(facts.advice(run))}" if run.advice else "",
    ]
    return f"{MARKER}\n" + "\n".join(f"{line}\n" for line in lines if line)


def _skipped(run: ProbeRun) -> list[str]:
    return list(facts.skipped(run))[:_LINES]


def _table(prompt: PromptProbes) -> str:
    names = [code(short(name)) for name in prompt.inputs]
    head = f"| family | OWASP | {' | '.join([*names, 'succeeded'])} |\n"
    rule = f"|---|---|{'--:|' * (len(names) + 1)}\n"
    rows = "".join(f"| {' | '.join(_row(family, prompt))} |\n" for family in prompt.families)
    title = f"{code(short(prompt.prompt))} {_sentence(facts.title(prompt))}"
    remarks = "".join(f"- {line}\n" for line in _remarks(prompt))
    return f"\n**{title}**\n\n{head}{rule}{rows}" + (f"\n{remarks}" if remarks else "")


def _row(found: FamilyRate, prompt: PromptProbes) -> Iterator[str]:
    yield code(found.family)
    yield escape(", ".join(found.owasp))
    cells = {cell.input: cell for cell in prompt.matrix if cell.family == found.family}
    for name in prompt.inputs:
        cell = cells.get(name)
        share = facts.share(cell.rate) if cell is not None else ""
        yield f"**{share}**" if cell is not None and cell.rate.succeeded else share
    yield escape(facts.interval(found.rate))


def _remarks(prompt: PromptProbes) -> Iterator[str]:
    for failure in facts.failures(prompt):
        yield f"**fail**: {_sentence(failure)}"
    if prompt.decided is not None:
        yield f"baseline: {prompt.decided.verdict}: {_sentence(prompt.decided.plain)}"
    if prompt.bias is not None:
        yield f"bias: {_sentence(facts.bias(prompt.bias))}"
        yield from (_sentence(facts.direction(each)) for each in prompt.bias.directions)
    if facts.no_limit(prompt):
        yield _sentence(facts.no_limit(prompt))
    if facts.self_judged(prompt):
        yield _sentence(facts.self_judged(prompt))
    if facts.unused(prompt):
        yield _sentence(facts.unused(prompt))


def _attack(case: ProbedCase) -> str:
    what = f"{code(short(case.run.prompt))}: {code(short(case.run.name))}, {escape(case.owasp)}"
    accepted = ", accepted" if case.accepted else ""
    texts = [_text(f"{each.role}:", each.text.split("\n")) for each in case.run.messages[-1:]]
    if case.run.answer is not None:
        texts.append(_text("answer:", answer_lines(case.run.answer)))
    return f"\n<details><summary>{what}{accepted}</summary>\n\n{''.join(texts)}\n</details>\n"


def _text(title: str, lines: list[str]) -> str:
    return f"{_sentence(title)}\n\n{block('', lines, _LINES)}\n"


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))
