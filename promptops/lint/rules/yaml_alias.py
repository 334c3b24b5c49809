"""SCH010."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule


@rule("SCH010", severity=Severity.ERROR)
def yaml_alias(problems: Sequence[Problem]) -> Iterator[Problem]:
    """A prompt file has no anchors, aliases or merge keys.

    A change behind an anchor alters every place that names it, and the difference in the pull
    request shows one line far from all of them. A few lines of aliases can also stand for
    gigabytes. What several prompts share goes into a partial, a schema file or a prompt they
    extend.

    Bad:
        description: &what Answers one question.
        title: *what

    Good:
        description: Answers one question.
        title: One question
    """
    yield from (problem for problem in problems if problem.code == "SCH010")
