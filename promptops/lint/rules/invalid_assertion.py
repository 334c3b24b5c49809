"""TST009."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.surroundings import Surroundings
from promptops.lint import Problem, Severity, rule
from promptops.model.loaded import FileReference
from promptops.model.prompt import Case, Prompt


@rule("TST009", severity=Severity.ERROR)
def invalid_assertion(
    prompt: Prompt,
    cases: Sequence[Case],
    references: Sequence[FileReference],
    catalog: Catalog,
    surroundings: Surroundings,
) -> Iterator[Problem]:
    """Every assertion has valid arguments and can fail.

    An assertion that can't fail tests nothing. Examples are a schema that accepts every value, a
    pattern that matches every text, a limit that no answer reaches, an expression that is always
    true, a threshold that unrelated texts reach, and a delimiter such as `<ticket>` that the
    template always writes. Errors are also assertions that can't pass, and assertions that name a
    tool, an input or a case that the prompt does not have. `evaluation` must name an existing judge
    and primary score. `promptops test` reports the same errors.

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

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: |
              <ticket>
              {{ ticket }}
              </ticket>
        tests:
          - name: one ticket
            inputs: {ticket: The hub is offline.}
            rendered:
              - {type: contains, value: <ticket>}

    Bad:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          judge: judges/politness
        tests:
          - name: an order number
            output:
              - {type: llm-rubric, value: The answer is polite.}

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
    if prompt.evaluation or any(case.rendered or case.output for case in cases):
        from promptops.evals.case_assertions import problems_without_plugins
        from promptops.evals.named import problems_of_names
        from promptops.evals.parse import problems
        from promptops.lint.literal_text import constant_delimiters

        for case in cases:
            yield from problems(case)
            yield from constant_delimiters(prompt, case)
        judges, profiles = _judges(prompt, catalog, surroundings), catalog.config.models
        yield from problems_without_plugins(prompt, judges=judges, profiles=profiles)
        yield from problems_of_names(prompt, tools=_tools(prompt, references))


def _judges(prompt: Prompt, catalog: Catalog, surroundings: Surroundings) -> Collection[str]:
    """The ids that the name of the judge may be: all of them if no prompt has that name."""
    judge = prompt.evaluation.get("judge")
    if not isinstance(judge, str):
        return ()
    return (judge,) if surroundings.has_prompt(judge) else catalog.paths


def _tools(prompt: Prompt, references: Sequence[FileReference]) -> tuple[str, ...] | None:
    """The names of the tools; None if the file of a tool is missing, which another rule reports."""
    if any(each.kind == "tool" and not each.found for each in references):
        return None
    return tuple(tool.name for tool in prompt.tools)
