"""VAR003."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.input_schemas import InputSchemas, InputShape, dotted
from promptops.analysis.uses import Item, Use
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.guards import is_unreachable
from promptops.lint.passages import included_from
from promptops.lint.subject import PromptFacts
from promptops.model.prompt import Prompt

_KINDS = {
    "string": "a string",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "null": "null",
}


@rule("VAR003", severity=Severity.ERROR)
def unknown_attribute(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """A template reads only keys that the schema of an input allows.

    The schema of an input describes what callers pass. A key that it excludes is never present: the
    prompt fails for every caller or, behind an `is defined`, the branch is never rendered. Usually
    the key has a typo, or was renamed only in the schema. If a schema allows other keys, a key very
    similar to a known one is reported as a typo. Code that can never run, because it needs a
    required key to be missing or a string not to be a string, is not reported.

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
        if isinstance(step, Item) or _is_read_by_a_partial(use, index):
            continue
        below = schemas.at(use.name, use.path[: index + 1])
        if below is not None and below.declared:
            continue
        near = schemas.misspelt(use.name, use.path[: index + 1])
        if below is None or near:
            yield _problem(use, index, owner, near)
            return


def _is_read_by_a_partial(use: Use, index: int) -> bool:
    """Whether a shared partial reads the key, which only some of its prompts have."""
    return bool(use.stack) and use.guards[index + 1] != "none"


def _problem(use: Use, index: int, owner: InputShape, near: str | None) -> Problem:
    step, site = use.path[index], use.path_sites[index]
    whole = dotted(use.name, use.path[:index])
    kinds = sorted(owner.types)
    message = f"`{step}` is not a key of `{whole}`"
    if kinds and "object" not in kinds:
        what = " or ".join(_KINDS[kind] for kind in kinds)
        message = f"`{whole}` is {what} and has no `{step}`"
    hint = f"did you mean `{near}`?" if near else _known_keys(owner)
    if step in ("length", "len", "size", "count") and "object" not in kinds:
        hint = "use `| length`"
    is_written = near is not None and site.source == step and near.isidentifier()
    return Problem(
        message,
        at=site.place,
        hint=hint,
        fix=Fix((Edit(site.place, near or ""),)) if is_written else None,
        related=included_from(use.stack),
    )


def _known_keys(owner: InputShape) -> str | None:
    keys = ", ".join(f"`{key}`" for key in owner.keys[:8])
    return f"it has {keys}" if keys else None
