"""TST009."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.model.loaded import Reference
from promptops.model.prompt import Case, Prompt


@rule("TST009", severity=Severity.ERROR)
def invalid_assertion(
    prompt: Prompt, cases: Sequence[Case], references: Sequence[Reference]
) -> Iterator[Problem]:
    """Every assertion has valid arguments, and can fail.

    An assertion that can't fail is a green test that tests nothing: a schema that every value fits,
    a pattern that matches every text, a limit that no answer reaches, an expression that is always
    true, a threshold that unrelated texts reach. One that can't hold is an error, too, and so is
    one that names a tool or an input that the prompt does not have.
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
            - {type: expr, value: text | length >= 0}
        tests:
          - name: an order number

    Bad:
        inputs:
          required: [passages]
          properties:
            passages: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Summarize: {{ passages }}"
        evaluation:
          assertions:
            - {type: grounded, value: pasages}
        tests:
          - name: one passage
            inputs: {passages: The hub pairs with eight cameras.}

    Good:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          assertions:
            - {type: expr, value: text | length <= 80}
        tests:
          - name: an order number
            output:
              - {type: regex, value: '\\bA-\\d{4}\\b'}
              - {type: json-schema, value: {type: string, pattern: '^A-\\d{4}$'}}
    """
    shared = prompt.evaluation.get("assertions")
    if shared or any(case.rendered or case.output for case in cases):
        from promptops.evals.asserted import problems_of_every_case
        from promptops.evals.named import problems_of_names
        from promptops.evals.parse import problems

        for case in cases:
            yield from problems(case)
        yield from problems_of_every_case(prompt)
        yield from problems_of_names(prompt, tools=_tools(prompt, references))


def _tools(prompt: Prompt, references: Sequence[Reference]) -> tuple[str, ...] | None:
    """The names of the tools; None where the file of one is missing, which is reported itself."""
    if any(each.kind == "tool" and not each.found for each in references):
        return None
    return tuple(tool.name for tool in prompt.tools)
