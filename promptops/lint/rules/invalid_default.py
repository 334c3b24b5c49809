"""VAR013."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.wrong_defaults import wrong_defaults
from promptops.model.finding import Related
from promptops.model.prompt import Prompt


@rule("VAR013", severity=Severity.ERROR)
def invalid_default(prompt: Prompt) -> Iterator[Problem]:
    """The default of an input fits the input's own schema.

    A default is filled in before the inputs are checked. One that the schema refuses makes every
    caller fail who leaves the input out, and no test case shows it if each passes a value. In a
    variant that changes only the constraint, the problem is at the constraint.

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
        message = f"the default is refused: {wrong.problem.message}"
        at = wrong.at if wrong.constraint is None else wrong.constraint
        related = (
            () if at == wrong.at else (Related(prompt.locate(wrong.at, False), "the default"),)
        )
        yield Problem(message, at=at, hint=wrong.problem.hint, related=related)
