"""For a comment on a pull request: the rates by family and input, then each successful attack."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.probe import FamilyRate, ProbedCase, ProbeRun, PromptProbes
from promptops.report.document.markdown import LIMIT, more, opening
from promptops.report.parts.markdown_text import block, code, escape, fitting, shown_sentence
from promptops.report.probe import facts
from promptops.report.test.facts import answer_lines, short

_RESERVED = 1_000  # for the notes on omitted parts
_LINES = 30


def write(run: ProbeRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = opening(facts.document(run)) + _problems(run)
    room = LIMIT - _RESERVED - len(head)
    tables = list(fitting(room, map(_table, run.prompts)))
    room -= sum(map(len, tables))
    prompts = more(len(run.prompts) - len(tables), "prompt", facts.ALL)
    found = facts.succeeded(run.cases)
    attacks = list(fitting(room, map(_attack, found)))
    rest = more(len(found) - len(attacks), "attack", facts.ALL)
    return "".join([head, *tables, prompts, *attacks, rest])


def _problems(run: ProbeRun) -> str:
    """What is wrong and what was not attacked; the first lines of each."""
    untried = [] if run.nothing else [f"not attacked: {each}" for each in facts.skipped(run)]
    every = ([each.reason for each in run.problems], list(facts.error_lines(run)), untried)
    lines = [f"- {shown_sentence(line)}\n" for found in every for line in found[:_LINES]]
    return "".join(["\n", *lines]) if lines else ""


def _table(prompt: PromptProbes) -> str:
    names = [code(short(name)) for name in prompt.inputs]
    head = f"| family | OWASP | {' | '.join([*names, 'succeeded'])} |\n"
    rule = f"|---|---|{'--:|' * (len(names) + 1)}\n"
    rows = "".join(f"| {' | '.join(_row(family, prompt))} |\n" for family in prompt.families)
    heading = f"{code(short(prompt.prompt))} {shown_sentence(facts.title(prompt))}"
    remarks = "".join(f"- {line}\n" for line in _remarks(prompt))
    return f"\n**{heading}**\n\n{head}{rule}{rows}" + (f"\n{remarks}" if remarks else "")


def _row(found: FamilyRate, prompt: PromptProbes) -> Iterator[str]:
    yield code(found.family)
    yield escape(", ".join(found.owasp))
    cells = {cell.input: cell for cell in prompt.matrix if cell.family == found.family}
    for name in prompt.inputs:
        cell = cells.get(name)
        rate = facts.share(cell.rate) if cell is not None else ""
        yield f"**{rate}**" if cell is not None and cell.rate.succeeded else rate
    yield escape(facts.interval(found.rate))


def _remarks(prompt: PromptProbes) -> Iterator[str]:
    for failure in facts.failures(prompt):
        yield f"**fail**: {shown_sentence(failure)}"
    if prompt.decided is not None:
        yield f"baseline: {prompt.decided.verdict}: {shown_sentence(prompt.decided.plain)}"
    if prompt.bias is not None:
        yield f"bias: {shown_sentence(facts.bias(prompt.bias))}"
        yield from (shown_sentence(facts.direction(each)) for each in prompt.bias.directions)
    if facts.no_limit(prompt):
        yield shown_sentence(facts.no_limit(prompt))
    if facts.self_judged(prompt):
        yield shown_sentence(facts.self_judged(prompt))
    if facts.unused(prompt):
        yield shown_sentence(facts.unused(prompt))


def _attack(case: ProbedCase) -> str:
    what = f"{code(short(case.run.prompt))}: {code(short(case.run.name))}, {escape(case.owasp)}"
    accepted = ", accepted" if case.accepted else ""
    texts = [_text(f"{each.role}:", each.text.split("\n")) for each in case.run.messages[-1:]]
    if case.run.answer is not None:
        texts.append(_text("answer:", answer_lines(case.run.answer)))
    return f"\n<details><summary>{what}{accepted}</summary>\n\n{''.join(texts)}\n</details>\n"


def _text(title: str, lines: list[str]) -> str:
    return f"{shown_sentence(title)}\n\n{block('', lines, _LINES)}\n"
