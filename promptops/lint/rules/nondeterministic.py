"""TPL006."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.uses import Use, Word
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import included_from
from promptops.lint.subject import TemplateScope
from promptops.model.prompt import Prompt

_CLOCK = "the clock"
_CHANCE = "chance"
_MACHINE = "the machine's environment"
_NAMES = {
    "now": _CLOCK,
    "utcnow": _CLOCK,
    "today": _CLOCK,
    "time": _CLOCK,
    "datetime": _CLOCK,
    "timestamp": _CLOCK,
    "strftime_now": _CLOCK,
    "random": _CHANCE,
    "randint": _CHANCE,
    "shuffle": _CHANCE,
    "lipsum": _CHANCE,
    "uuid": _CHANCE,
    "uuid4": _CHANCE,
    "env": _MACHINE,
    "environ": _MACHINE,
    "getenv": _MACHINE,
    "os": _MACHINE,
}
_FILTERS = {"random": _CHANCE, "shuffle": _CHANCE, "uuid": _CHANCE, "env": _MACHINE}


@rule("TPL006", severity=Severity.WARNING)
def nondeterministic(prompt: Prompt, scopes: Sequence[TemplateScope]) -> Iterator[Problem]:
    """The same inputs always render the same text, on every machine.

    Tests, reviews and recordings depend on this: the reviewed request must be the one that is sent.
    So templates have no access to a clock, random numbers or the environment. Pass values that
    change as inputs, which a test can set.

    Bad:
        messages:
          - role: system
            content: "Today is {{ now().date() }}."

    Bad:
        inputs:
          required: [tips]
          properties:
            tips: {type: array, minItems: 1, maxItems: 20, items: {type: string, maxLength: 200}}
        messages:
          - role: system
            content: "End with this tip: {{ tips | random }}"

    Good:
        inputs:
          required: [today]
          properties:
            today: {type: string, format: date, maxLength: 10}
        messages:
          - role: system
            content: "Today is {{ today }}."
    """
    inputs = prompt.inputs.get("properties") or {}
    for scope in scopes:
        for use in scope.scope.uses:
            if use.name in _NAMES and use.name not in inputs and use.required[0]:
                yield _problem(use, use.name, _NAMES[use.name])
        for word in scope.scope.filters:
            if word.name in _FILTERS:
                yield _problem(word, word.name, _FILTERS[word.name])


def _problem(found: Use | Word, name: str, source: str) -> Problem:
    return Problem(
        f"`{name}` depends on {source}",
        at=found.site.place,
        hint="let the caller pass the value as an input",
        related=included_from(found.stack),
    )
