"""SCH003."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule


@rule("SCH003", severity=Severity.ERROR)
def duplicate_key(problems: Sequence[Problem]) -> Iterator[Problem]:
    """A mapping has each key only once.

    YAML readers disagree about duplicate keys: most silently use the last one, some use the first,
    some refuse the file. If a second `content` is pasted below the first, the reviewed prompt and
    the prompt in production can differ.

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
