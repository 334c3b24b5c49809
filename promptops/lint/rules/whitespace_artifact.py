"""TPL008."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.blank_lines import Leftover, leftovers
from promptops.lint.include_stack import included_from_frames
from promptops.lint.passages import Passage

_MESSAGES = {
    "several": (
        "this tag leaves several blank lines in a row",
        "move the blank line into the branch",
    ),
    "spaces": (
        "this tag leaves a line of spaces",
        "put the tag on its own line, or use `-%}`",
    ),
    "empty": ("this leaves a blank line if it is empty", "put the line into an `if`"),
}


@rule("TPL008", severity=Severity.WARNING)
def whitespace_artifact(passages: Sequence[Passage]) -> Iterator[Problem]:
    """Tags leave no unintended blank lines.

    Layout carries meaning for a model: a gap ends a list, and a hole suggests that a section is
    missing. A tag alone on its line is removed together with the line. The blank lines around it
    remain, and so does the line of an empty value. The rule checks rendered cases only. Two blank
    lines that the author wrote are allowed.

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
            rule: {type: string, maxLength: 200, default: ""}
        messages:
          - role: user
            content: |
              Sort this ticket.

              {% if rule %}
              Mind this: {{ rule }}
              {% endif %}

              {{ ticket }}
        tests:
          - name: without a rule
            inputs: {ticket: It blinks.}
            rendered: [{type: contains, value: It blinks.}]

    Good:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
            rule: {type: string, maxLength: 200, default: ""}
        messages:
          - role: user
            content: |
              Sort this ticket.

              {% if rule %}
              Mind this: {{ rule }}

              {% endif %}
              {{ ticket }}
        tests:
          - name: without a rule
            inputs: {ticket: It blinks.}
            rendered: [{type: contains, value: It blinks.}]
    """
    for passage in passages:
        if not passage.literal:
            yield from (_problem(passage, each) for each in leftovers(passage))


def _problem(passage: Passage, found: Leftover) -> Problem:
    message, hint = _MESSAGES[found.kind]
    return Problem(
        message,
        at=found.place,
        hint=hint,
        related=tuple(included_from_frames(found.frame)),
        case=passage.case,
    )
