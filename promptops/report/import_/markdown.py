"""For a pull request that brings the prompts: the table, then all findings and notes."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.imported import Import, ImportedPrompt
from promptops.plurals import counted
from promptops.report.import_.parts import facts
from promptops.report.parts.loss_lines import loss_lines
from promptops.report.parts.markdown_text import escape, fenced, sentence, within
from promptops.report.test.markdown import LIMIT

_HEAD = (
    "| prompt | format | messages | inputs | cases | losses | result |\n"
    "|---|---|---|---|---|---|---|\n"
)
_RESERVED = 2_000  # for the summary and the notes on omitted parts


def write(result: Import, **_: object) -> str:
    """A comment below GitHub's limit; it has the number of lines that are left out."""
    head = f"**Import**: {escape(facts.summary(result))}\n\n"
    end = "".join(f"\n{sentence(line)}\n" for line in _end(result))
    if result.profiles:
        end += f"\nAdd to `promptops.toml`:\n\n{fenced('toml', list(facts.profile_lines(result)))}"
    room = LIMIT - _RESERVED - len(head) - len(end)
    rows = [_row(prompt) for prompt in result.prompts]
    shown = list(within(room // 2, rows))
    table = f"{_HEAD}{''.join(shown)}\n" if shown else ""
    more = len(rows) - len(shown)
    rest = f"{counted(more, 'more prompt')}: `--format json` lists all\n\n" if more else ""
    return f"{head}{table}{rest}{loss_lines(facts.once(result.findings), room // 2)}{end}"


def _row(prompt: ImportedPrompt) -> str:
    return f"| {' | '.join(escape(cell) for cell in facts.row(prompt))} |\n"


def _end(result: Import) -> Iterator[str]:
    yield from facts.unknown(result)
    yield from facts.missing_models(result)
    yield from (f"Next: {step}" for step in facts.next_step(result))
