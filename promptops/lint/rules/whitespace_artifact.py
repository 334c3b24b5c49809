"""TPL008."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.blank_lines import Leftover, leftovers
from promptops.lint.passages import Passage, include_stack

_MESSAGES = {
    "several": (
        "this tag leaves several blank lines in a row",
        "put the blank line into the branch",
    ),
    "spaces": (
        "this tag leaves a line of spaces",
        "put the tag on a line of its own, or use `-%}`",
    ),
    "empty": ("this leaves a blank line where it is empty", "put the line into an `if`"),
}


@rule("TPL008", severity=Severity.WARNING)
def whitespace_artifact(passages: Sequence[Passage]) -> Iterator[Problem]:
    """Tags leave no blank lines behind.

    A model reads layout: a gap in a list ends the list, and a hole where a section was left out
    says that something is missing. A tag alone on its line is removed with the line; the blank
    lines around it stay, and so does the line of a value that is empty. This is seen in rendered
    cases only, and what an author writes as two blank lines is left alone.

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
        related=tuple(include_stack(found.frame)),
        case=passage.case,
    )
