"""VAR006."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.uses import Definition
from promptops.json_pointer import escaped
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.passages import included_from
from promptops.lint.subject import TemplateScope
from promptops.model.place import Place
from promptops.model.prompt import ForEach, Prompt

_KINDS = {
    "set": "a `set`",
    "for": "a loop's variable",
    "argument": "a macro's argument",
    "with": "a `with`",
    "import": "an import",
    "macro": "a macro",
}


@rule("VAR006", severity=Severity.WARNING)
def shadowed_input(prompt: Prompt, scopes: Sequence[TemplateScope]) -> Iterator[Problem]:
    """No name defined in a template hides an input.

    Below a `set` or inside a loop that uses the name of an input, templates can't read the caller's
    value, but a reader of the line that prints it expects the input. The tests of the author pass,
    and the meaning changes when someone moves a paragraph. A value computed from the input itself,
    as in `{% set tone = tone | lower %}`, is allowed.

    Bad:
        inputs:
          required: [ticket, history]
          properties:
            ticket: {type: string, maxLength: 4000}
            history: {type: array, maxItems: 5, items: {type: string, maxLength: 400}}
        messages:
          - role: user
            content: |
              {% for ticket in history %}
              Earlier: {{ ticket }}
              {% endfor %}
              Now: {{ ticket }}

    Good:
        inputs:
          required: [ticket, history]
          properties:
            ticket: {type: string, maxLength: 4000}
            history: {type: array, maxItems: 5, items: {type: string, maxLength: 400}}
        messages:
          - role: user
            content: |
              {% for earlier in history %}
              Earlier: {{ earlier }}
              {% endfor %}
              Now: {{ ticket }}
    """
    inputs = prompt.inputs.get("properties") or {}
    for turn in prompt.messages:
        if isinstance(turn, ForEach) and turn.name in inputs:
            yield _problem(prompt, turn.name, "the item of `for_each`", at=f"{turn.at}/as")
    for scope in scopes:
        for definition in scope.scope.definitions:
            if (
                definition.name in inputs
                and not definition.from_itself
                and not _is_anothers(definition)
            ):
                yield _problem(
                    prompt,
                    definition.name,
                    _KINDS[definition.kind],
                    at=definition.site.place,
                    related=included_from(definition.stack),
                )


def _is_anothers(definition: Definition) -> bool:
    """Whether it is a macro of a partial, whose arguments are independent of the inputs."""
    return definition.kind == "argument" and bool(definition.stack)


def _problem(
    prompt: Prompt, name: str, what: str, *, at: str | Place, related: tuple[Related, ...] = ()
) -> Problem:
    declared = prompt.locate(f"/inputs/properties/{escaped(name)}", True)
    return Problem(
        f"{what} hides the input `{name}`",
        at=at,
        hint="rename it",
        related=(*related, Related(declared, "the input")),
    )
