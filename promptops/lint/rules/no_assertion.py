"""TST005."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.model.prompt import Case, Prompt


@rule("TST005", severity=Severity.WARNING)
def no_assertion(prompt: Prompt, cases: Sequence[Case]) -> Iterator[Problem]:
    """Every test case asserts something.

    A case without an assertion passes whatever the prompt says and whatever the model answers, and
    makes the tests look better than they are. Assertions of the prompt's `evaluation` hold for
    every case, and count.

    Bad:
        messages:
          - role: user
            content: Say hello.
        tests:
          - name: it greets

    Good:
        messages:
          - role: user
            content: Say hello.
        tests:
          - name: it greets
            rendered:
              - {type: contains, value: hello}
    """
    shared = bool(prompt.evaluation.get("assertions"))
    for case in () if shared else cases:
        if not case.rendered and not case.output:
            yield Problem(
                f"the case `{case.name}` asserts nothing",
                at=case.locate(f"{case.at}/name", False),
                hint="add an assertion under `rendered` or `output`",
            )
