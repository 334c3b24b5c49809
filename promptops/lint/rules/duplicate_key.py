"""SCH003."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule


@rule("SCH003", severity=Severity.ERROR)
def duplicate_key(problems: Sequence[Problem]) -> Iterator[Problem]:
    """A mapping has each key once.

    YAML readers disagree about which of two equal keys counts: most take the last and say nothing,
    some take the first, some refuse. A second `content` pasted under the first is a prompt that
    reads differently in the review and in production.

    Bad:
        messages:
          - role: user
            content: Say hello.
            content: Say goodbye.

    Good:
        messages:
          - role: user
            content: Say hello.
    """
    yield from (problem for problem in problems if problem.code == "SCH003")
