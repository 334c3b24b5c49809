"""TST009."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.model.prompt import Case, Prompt


@rule("TST009", severity=Severity.ERROR)
def invalid_assertion(prompt: Prompt, cases: Sequence[Case]) -> Iterator[Problem]:
    """Every assertion has valid arguments, and can fail.

    An assertion that can't fail is a green test that tests nothing: a schema that every value fits,
    a pattern that matches every text, a limit that no answer reaches, an expression that is always
    true, a threshold that unrelated texts reach. One that can't hold is an error, too.
    `promptops test` reports the same errors.

    Bad:
        messages:
          - role: user
            content: Reply with the order number.
        tests:
          - name: an order number
            output:
              - {type: regex, value: '.*'}
              - {type: json-schema, value: {format: email}}

    Bad:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          assertions:
            - {type: expr, value: len(text) >= 0}
        tests:
          - name: an order number

    Good:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          assertions:
            - {type: expr, value: len(text) <= 80}
        tests:
          - name: an order number
            output:
              - {type: regex, value: '\\bA-\\d{4}\\b'}
              - {type: json-schema, value: {type: string, pattern: '^A-\\d{4}$'}}
    """
    shared = prompt.evaluation.get("assertions")
    if shared or any(case.rendered or case.output for case in cases):
        from promptops.evals.asserted import problems_of_every_case
        from promptops.evals.parse import problems

        for case in cases:
            yield from problems(case)
        yield from problems_of_every_case(prompt)
