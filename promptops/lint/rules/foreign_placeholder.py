"""VAR012."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.other_syntax import find_placeholders
from promptops.lint.passages import Passage
from promptops.model.prompt import ForEach, Prompt


@rule("VAR012", severity=Severity.WARNING)
def foreign_placeholder(prompt: Prompt, passages: Sequence[Passage]) -> Iterator[Problem]:
    """Inputs are written in Jinja syntax, `{{ name }}`.

    The renderer does not replace `{name}` from Python's `format`, `${name}` from a shell,
    `<<name>>` or `%(name)s`. They often remain when a prompt is moved here from code, and the model
    receives the placeholder instead of the value. Only names of inputs, or names very similar to
    them, count as placeholders, so JSON examples and paths of APIs are not reported.

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Sort this ticket: {ticket}"

    Good:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket }}"
    """
    names = {*(prompt.inputs.get("properties") or {})}
    names |= {turn.name for turn in prompt.messages if isinstance(turn, ForEach)}
    for passage in passages:
        # Text of a template is also in its literal text; a value is never a template.
        if passage.literal:
            for match in find_placeholders(passage.text, names):
                place = passage.place(match.start, match.end)
                written = match.replacement or ""
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint=f"write `{written}`",
                    fix=Fix((Edit(place, written),)),
                )
