"""REP010."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.suppressions import Suppression


@rule("REP010", severity=Severity.WARNING)
def bare_suppression(suppressions: Sequence[Suppression]) -> Iterator[Problem]:
    """A comment that silences a finding says which rule, and why.

    Without a code it would silence whatever comes; without a reason the next reader can't tell
    whether it still holds. Such a comment silences nothing.

    Bad:
        messages:
          - role: user
            # promptops: ignore
            content: Say hello.

    Bad:
        messages:
          - role: user
            # promptops: ignore[VAR001]
            content: "Say hello to {{ name }}."

    Good:
        messages:
          - role: user
            # promptops: ignore[VAR001] the caller adds it
            content: "Say hello to {{ name }}."
    """
    for suppression in suppressions:
        if not suppression.codes:
            hint = "write `# promptops: ignore[CODE] the reason`"
            yield Problem("no rule is named", at=suppression.place, hint=hint)
        elif not suppression.reason:
            yield Problem("no reason is given", at=suppression.place, hint="say why, after the `]`")
