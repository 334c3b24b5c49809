"""REP010."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.registry import RuleNames
from promptops.lint.suppressions import MAX_NAMES, Suppression


@rule("REP010", severity=Severity.WARNING)
def bare_suppression(
    suppressions: Sequence[Suppression], rule_names: RuleNames
) -> Iterator[Problem]:
    """A suppression comment names an existing rule and gives a reason.

    Without a code, the comment would suppress every finding. Without a reason, the next reader
    can't tell whether the suppression is still needed. A comment without a code, without a reason,
    or with an unknown rule suppresses nothing. Name a rule by its code, by a prefix of codes, or by
    its name. The comments of one prompt have at most 1,000 names of rules; comments beyond that
    suppress nothing.

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

    Bad:
        messages:
          - role: user
            # promptops: ignore[VRA001] the caller adds it
            content: "Say hello to {{ name }}."

    Good:
        messages:
          - role: user
            # promptops: ignore[VAR001] the caller adds it
            content: "Say hello to {{ name }}."

    Good:
        messages:
          - role: user
            # promptops: ignore[undefined-variable] the caller adds it
            content: "Say hello to {{ name }}."
    """
    for suppression in suppressions:
        if suppression.excess:
            message = f"the comments above already name {MAX_NAMES:,} rules"
            hint = "this one and those below suppress nothing: fix the findings instead"
            yield Problem(message, at=suppression.place, hint=hint)
        elif not suppression.codes:
            hint = "write `# promptops: ignore[CODE] the reason`"
            yield Problem("no rule is named", at=suppression.place, hint=hint)
        elif not suppression.reason:
            yield Problem(
                "no reason is given", at=suppression.place, hint="give the reason after the `]`"
            )
        for code in filter(rule_names.is_unknown, suppression.codes):
            message = f"there is no rule `{code}`"
            yield Problem(message, at=suppression.place, hint=rule_names.hint(code))
