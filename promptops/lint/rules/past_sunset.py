"""REP013."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import day_of, sunsets
from promptops.model.prompt import Prompt


@rule("REP013", severity=Severity.WARNING, dated=True)
def past_sunset(prompt: Prompt, today: date) -> Iterator[Problem]:
    """The `sunset` of a prompt, and the `x-sunset` of an input, is not in the past.

    These dates are the last days of use. The message has the date that they were compared with: the
    current one, in UTC.

    Bad:
        status: deprecated
        sunset: 2020-02-28
        messages:
          - {role: user, content: Say hello.}

    Bad:
        inputs:
          properties:
            name: {type: string, default: Ada, deprecated: true, x-sunset: 2020-02-28}
        messages:
          - {role: user, content: "Say hello to {{ name }}."}

    Good:
        status: deprecated
        sunset: 2999-02-28
        messages:
          - {role: user, content: Say hello.}
    """
    for pointer, written in sunsets(prompt):
        day = day_of(written)
        if day is not None and day < today:
            what = "the prompt" if pointer == "/sunset" else "the input"
            message = f"the last day of use was {day}, and today is {today}"
            hint = f"remove {what}, or choose a later day"
            yield Problem(message, at=prompt.locate(pointer, False), hint=hint)
