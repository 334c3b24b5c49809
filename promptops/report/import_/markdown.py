"""For a pull request that brings the prompts: the table, then all findings and notes."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.imported import Import, ImportedPrompt
from promptops.plurals import counted
from promptops.report.document.markdown import LIMIT
from promptops.report.import_ import facts
from promptops.report.import_.facts import inferred_line, left_out_phrase, without_inferred
from promptops.report.parts.loss_lines import loss_lines
from promptops.report.parts.markdown_text import (
    code_span,
    escape,
    fenced,
    readable_sentence,
    within,
)
from promptops.report.parts.visible import visible_path

_HEAD = (
    "| prompt | format | messages | inputs | cases | losses | result |\n"
    "|---|---|---|---|---|---|---|\n"
)
_RESERVED = 2_000  # for the summary and the notes on omitted parts


def write(result: Import, **_: object) -> str:
    """A comment below GitHub's limit; it has the number of lines that are left out."""
    head = f"**Import**: {escape(facts.summary(result))}\n\n"
    end = "".join(f"\n{readable_sentence(line)}\n" for line in _end(result))
    if result.profiles:
        tables = fenced("toml", list(facts.profile_lines(result)))
        end += f"\nAdd to {code_span(visible_path(result.configuration))}:\n\n{tables}"
    room = LIMIT - _RESERVED - len(head) - len(end)
    rows = [_row(prompt) for prompt in result.prompts]
    shown = list(within(room // 2, rows))
    table = f"{_HEAD}{''.join(shown)}\n" if shown else ""
    more = len(rows) - len(shown)
    rest = f"{counted(more, 'more prompt')}: `--format json` lists all\n\n" if more else ""
    findings = without_inferred(facts.once(result.findings))
    return f"{head}{table}{rest}{loss_lines(findings, room // 2)}{end}"


def _row(prompt: ImportedPrompt) -> str:
    return f"| {' | '.join(escape(cell) for cell in facts.row(prompt))} |\n"


def _end(result: Import) -> Iterator[str]:
    if inferred_line(result.findings):
        yield inferred_line(result.findings)
    if left_out_phrase(result.left_out):
        yield f"Not imported: {left_out_phrase(result.left_out)}"
    yield from facts.missing_models(result)
    yield from (f"Next: {step}" for step in facts.next_step(result))
