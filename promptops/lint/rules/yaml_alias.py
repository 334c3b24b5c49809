"""SCH010."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule


@rule("SCH010", severity=Severity.ERROR)
def yaml_alias(problems: Sequence[Problem]) -> Iterator[Problem]:
    """A prompt file has no anchors, aliases or merge keys.

    A change to an anchor changes every place that uses it, but the diff of the pull request shows
    only one line. A few lines of aliases can also expand to gigabytes. Put shared parts into a
    partial, a schema file or a prompt that others extend.

    Bad:
        description: &what Answers one question.
        title: *what

    Good:
        description: Answers one question.
        title: One question
    """
    yield from (problem for problem in problems if problem.code == "SCH010")
