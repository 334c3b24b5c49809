"""TST005."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.model.prompt import Case, Prompt


@rule("TST005", severity=Severity.WARNING)
def no_assertion(prompt: Prompt, cases: Sequence[Case]) -> Iterator[Problem]:
    """Every test case has an assertion.

    A case without an assertion passes for every prompt and every answer, and makes the tests look
    better than they are. Assertions in the prompt's `evaluation` apply to every case and count
    here.

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
        if not case.rendered and not case.on_answers:
            yield Problem(
                f"the case `{case.name}` has no assertion",
                at=case.locate(f"{case.at}/name", False),
                hint="add an assertion under `rendered` or `output`",
            )
