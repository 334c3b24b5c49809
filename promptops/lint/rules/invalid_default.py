"""VAR013."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.wrong_defaults import wrong_defaults
from promptops.model.finding import Related
from promptops.model.prompt import Prompt


@rule("VAR013", severity=Severity.ERROR)
def invalid_default(prompt: Prompt) -> Iterator[Problem]:
    """The default of an input is valid for the input's own schema.

    Defaults are filled in before the inputs are validated. If the schema refuses the default, every
    caller who omits the input gets an error, and test cases that pass a value do not show it. If a
    variant changes only the constraint, the problem is reported at the constraint.

    Bad:
        inputs:
          properties:
            tone: {enum: [friendly, formal], default: neutral}
        messages:
          - role: user
            content: "Say hello in a {{ tone }} tone."
        tests:
          - name: formal
            inputs: {tone: formal}
            rendered:
              - {type: contains, value: hello}

    Bad:
        --- prompts/greet.prompt.yaml
        format: promptops/1
        inputs:
          properties:
            tone: {enum: [friendly, formal], default: formal}
        messages:
          - role: user
            content: "Say hello in a {{ tone }} tone."
        --- prompts/greet.short.prompt.yaml
        format: promptops/1
        extends: ./greet.prompt.yaml
        inputs:
          properties:
            tone: {enum: [friendly, curt]}

    Good:
        inputs:
          properties:
            tone: {enum: [friendly, formal], default: friendly}
        messages:
          - role: user
            content: "Say hello in a {{ tone }} tone."
    """
    for wrong in wrong_defaults(prompt):
        message = f"the default is invalid: {wrong.problem.message}"
        at = wrong.at if wrong.constraint is None else wrong.constraint
        related = (
            () if at == wrong.at else (Related(prompt.locate(wrong.at, False), "the default"),)
        )
        yield Problem(message, at=at, hint=wrong.problem.hint, related=related)
