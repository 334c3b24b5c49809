"""VAR003."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.input_schemas import InputSchemas, InputShape, dotted
from promptops.analysis.uses import Item, Use
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.guards import is_unreachable
from promptops.lint.include_stack import included_from
from promptops.lint.subject import PromptFacts
from promptops.model.prompt import Prompt

_KINDS = {
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "null": "null",
}


@rule("VAR003", severity=Severity.ERROR)
def unknown_attribute(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """What a template reads below an input is allowed by the input's schema.

    The schema of an input is a promise about what callers pass. A key that it rules out can never
    be there: the prompt fails for every caller, or, behind an `is defined`, its branch is never
    rendered and nobody notices. The usual reason is a typo, or a key that was renamed in the
    schema only. Where a schema leaves open which keys there are, a key that is nearly one of those
    it names is taken for a typo of that one. What is read only where a required key is missing, or
    where a text is no text, is never read, and not reported.

    Bad:
        inputs:
          required: [customer]
          properties:
            customer:
              type: object
              additionalProperties: false
              required: [name]
              properties:
                name: {type: string, maxLength: 80}
        messages:
          - role: user
            content: "Write a greeting for {{ customer.nmae }}."

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket.text }}"

    Good:
        inputs:
          required: [customer]
          properties:
            customer:
              type: object
              additionalProperties: false
              required: [name]
              properties:
                name: {type: string, maxLength: 80}
        messages:
          - role: user
            content: "Write a greeting for {{ customer.name }}."
    """
    inputs = prompt.inputs.get("properties") or {}
    for scope in subject.scopes:
        for use in scope.scope.uses:
            if use.path and use.name in inputs and use.origin in ("input", "branch"):
                problem = next(_unknown(use, subject.input_schemas), None)
                if problem is not None and not is_unreachable(use, scope, subject):
                    yield problem


def _unknown(use: Use, schemas: InputSchemas) -> Iterator[Problem]:
    for index, step in enumerate(use.path):
        owner = schemas.at(use.name, use.path[:index])
        if owner is None:
            return
        if isinstance(step, Item) or _is_asked_by_a_partial(use, index):
            continue
        below = schemas.at(use.name, use.path[: index + 1])
        if below is not None and below.declared:
            continue
        near = schemas.misspelt(use.name, use.path[: index + 1])
        if below is None or near:
            yield _problem(use, index, owner, near)
            return


def _is_asked_by_a_partial(use: Use, index: int) -> bool:
    """What several prompts include may ask for a key that only some of them have."""
    return bool(use.stack) and use.guards[index + 1] != "none"


def _problem(use: Use, index: int, owner: InputShape, near: str | None) -> Problem:
    step, site = use.path[index], use.path_sites[index]
    whole = dotted(use.name, use.path[:index])
    kinds = sorted(owner.types)
    message = f"`{step}` is not a key of `{whole}`"
    if kinds and "object" not in kinds:
        what = " or ".join(_KINDS[kind] for kind in kinds)
        message = f"`{whole}` is {what} and has no `{step}`"
    hint = f"did you mean `{near}`?" if near else _known(owner)
    is_written = near is not None and site.source == step and near.isidentifier()
    return Problem(
        message,
        at=site.place,
        hint=hint,
        fix=Fix((Edit(site.place, near or ""),)) if is_written else None,
        related=included_from(use.stack),
    )


def _known(owner: InputShape) -> str | None:
    keys = ", ".join(f"`{key}`" for key in owner.keys[:8])
    return f"it has {keys}" if keys else None
