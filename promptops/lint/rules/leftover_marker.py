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
    """Nothing that its author meant to come back to is left in the text.

    A model takes `TODO: ask legal` for a part of its task: it repeats it, answers it, or makes up
    what should stand there. A note to colleagues belongs in a `{# comment #}`, which no model sees.
    Text that speaks of such markers ("never leave a TODO"), and code samples, are left alone.

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
