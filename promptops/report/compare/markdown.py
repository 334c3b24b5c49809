"""For a comment on a pull request or an issue: the recommendation, then a table for each prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.arm import ArmComparison, ArmResult, PromptComparison
from promptops.report.compare import facts
from promptops.report.document.markdown import LIMIT, more, opening, table_text
from promptops.report.parts.markdown_text import code, fitting, shown_sentence
from promptops.report.test.facts import short
from promptops.report.test.markdown import worst_case

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_WORST = 20_000


def write(comparison: ArmComparison, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = opening(facts.document(comparison))
    room = LIMIT - _RESERVED - len(head)
    tables = list(fitting(room, map(_table, comparison.prompts)))
    room -= sum(map(len, tables))
    rest = more(len(comparison.prompts) - len(tables), "prompt", facts.ALL)
    worst = fitting(min(room, _ROOM_FOR_WORST), _worst_cases(comparison.prompts))
    return "".join([head, *tables, rest, *worst])


def _table(prompt: PromptComparison) -> str:
    table = table_text(facts.arms(prompt), LIMIT, facts.ALL)
    heading = f"{code(short(prompt.prompt))} {shown_sentence(facts.title(prompt))}"
    return f"\n**{heading}**\n\n{table}{_remarks(prompt)}"


def _remarks(prompt: PromptComparison) -> str:
    lines = [
        f"- {code(short(arm.name))}: {shown_sentence(remark)}\n"
        for arm in prompt.arms
        for remark in (*facts.remarks(arm), *map(facts.other, arm.others), *facts.problems(arm))
    ]
    return f"\n{''.join(lines)}" if lines else ""


def _worst_cases(prompts: Iterable[PromptComparison]) -> Iterator[str]:
    for prompt in prompts:
        for arm in prompt.arms:
            if facts.shows_worst(arm):
                yield _worst_of(prompt, arm)


def _worst_of(prompt: PromptComparison, arm: ArmResult) -> str:
    what = f"{code(short(prompt.prompt))}, {code(short(arm.name))}"
    items = "".join(worst_case(worse, facts.LONG) for worse in facts.shows_worst(arm))
    return f"\n<details><summary>{what}: the worst cases</summary>\n\n{items}\n</details>\n"
