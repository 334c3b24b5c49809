"""STY001."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.detect.markers import find_markers
from promptops.lint.passages import Passage
from promptops.runtime.template.sized_cache import cached_by_size

_found = cached_by_size(16_000_000)(find_markers)


@rule("STY001", severity=Severity.WARNING)
def leftover_marker(passages: Sequence[Passage]) -> Iterator[Problem]:
    """The text of a prompt contains no leftover markers such as `TODO`.

    A model takes `TODO: ask legal` as part of its task: it repeats it, answers it, or invents the
    missing text. Write notes to colleagues in a `{# comment #}`, which is not sent. Text about such
    markers ("never leave a TODO") and code samples are not reported.

    Bad:
        messages:
          - role: user
            content: |
              Answer in one sentence.
              TODO: say which tone

    Good:
        messages:
          - role: user
            content: |
              Answer in one sentence.
              {# TODO: say which tone #}
              Don't write TODO comments.
    """
    for passage in passages:
        for match in _found(passage.text):
            if passage.is_wholly_written(match.start, match.end):
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint="finish it, or make it a comment: `{# … #}`",
                )
