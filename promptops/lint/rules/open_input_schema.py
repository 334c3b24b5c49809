"""VAR011."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.model.prompt import Prompt

_AT = "/inputs/additionalProperties"


@rule("VAR011", severity=Severity.WARNING)
def open_input_schema(prompt: Prompt) -> Iterator[Problem]:
    """A prompt accepts only the inputs that it declares.

    Inputs are closed by default. If a file opens them, a caller's typo causes no error: an
    application that passes `langauge` gets the default language in production.

    Bad:
        inputs:
          additionalProperties: true
          properties:
            language: {type: string, maxLength: 20, default: English}
        messages:
          - role: user
            content: "Say hello in {{ language }}."

    Good:
        inputs:
          properties:
            language: {type: string, maxLength: 20, default: English}
        messages:
          - role: user
            content: "Say hello in {{ language }}."
    """
    written = prompt.inputs.get("additionalProperties", True)
    if written is False or prompt.inputs.get("unevaluatedProperties") is False:
        return
    place = prompt.locate(_AT, False)
    yield Problem(
        "undeclared inputs are accepted without an error",
        at=place,
        hint="remove it: inputs are closed unless the file opens them",
        fix=Fix((Edit(place, "false"),)) if written is True else None,
    )
