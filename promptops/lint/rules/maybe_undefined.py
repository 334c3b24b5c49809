"""VAR004."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.input_schemas import InputSchemas, dotted
from promptops.analysis.uses import TemplateSpan, Use
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.guards import is_guarded, is_item, is_unreachable
from promptops.lint.passages import included_from
from promptops.lint.subject import PromptFacts
from promptops.lint.undefined import undeclared
from promptops.model.prompt import Prompt
from promptops.suggestions import nearest_names


@rule("VAR004", severity=Severity.ERROR)
def maybe_undefined(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """An optional value has a default, or is tested with `is defined` before it is used.

    If a template reads a missing value, rendering fails: the application gets an error instead of
    an answer, but only for callers or list items that omit the value. Tests that pass the value do
    not show it. `{% if note %}` is not a guard, because it reads the value too. An input can be
    missing if it is neither in `required` nor has a `default`, and a key of an object can be
    missing if its schema does not require it.

    Bad:
        inputs:
          properties:
            note: {type: string, maxLength: 200}
        messages:
          - role: user
            content: |
              Plan the day.
              {% if note %}
              Mind this: {{ note }}
              {% endif %}

    Bad:
        inputs:
          required: [issues]
          properties:
            issues:
              type: array
              maxItems: 10
              items:
                type: object
                additionalProperties: false
                required: [id]
                properties:
                  id: {type: string, maxLength: 8}
                  workaround: {type: string, maxLength: 200}
        messages:
          - role: user
            content: |
              {% for issue in issues %}
              - {{ issue.id }}: {{ issue.workaround }}
              {% endfor %}

    Good:
        inputs:
          properties:
            note: {type: string, maxLength: 200}
        messages:
          - role: user
            content: |
              Plan the day.
              {% if note is defined %}
              Mind this: {{ note }}
              {% endif %}

    Good:
        inputs:
          properties:
            note: {type: string, maxLength: 200}
        messages:
          - role: user
            content: Plan the day.
          - role: user
            when: note is defined
            content: "Mind this: {{ note }}"
    """
    inputs = prompt.inputs.get("properties") or {}
    meant = {*nearest_names(undeclared(prompt), inputs).values()}  # SCH002 reports the misspelling
    for scope in subject.scopes:
        for use in scope.scope.uses:
            if use.name in inputs and use.origin in ("input", "branch"):
                missing = _missing(use, subject.input_schemas)
                if missing == 0 and use.name in meant:
                    continue
                if missing is None or is_guarded(use, missing, scope, subject.scopes):
                    continue
                if not is_unreachable(use, scope, subject):
                    yield _problem(use, missing)


def _missing(use: Use, schemas: InputSchemas) -> int | None:
    """Steps below the name to the first value that is used and may be missing."""
    for steps, required in enumerate(use.required):
        # Without its list, `for_each` produces no message that could read an item.
        if required and not (not steps and is_item(use)):
            shape = schemas.at(use.name, use.path[:steps])
            if shape is None or shape.optional:
                reported = shape is None or (steps and schemas.misspelt(use.name, use.path[:steps]))
                return None if reported else steps  # reported by VAR003
    return None


def _problem(use: Use, steps: int) -> Problem:
    site = use.path_sites[steps - 1] if steps else use.site
    path = dotted(use.name, use.path[:steps])
    what = "require it in its schema" if steps else "give it a `default`"
    return Problem(
        f"`{path}` may be missing",
        at=site.place,
        hint=f"{what}, or test `{_source_of(use, site)} is defined` first",
        fix=_fix(use, steps, site),
        related=included_from(use.stack),
    )


def _source_of(use: Use, site: TemplateSpan) -> str:
    """The expression as written, if it is one run of characters."""
    text = use.site.text
    if site.text is not text or site.start < use.site.start:
        return site.source
    source = text.value[use.site.start : site.end]
    closing = {'"': '"]', "'": "']"}.get(text.value[site.end : site.end + 1], "")
    return source + closing


def _fix(use: Use, steps: int, site: TemplateSpan) -> Fix | None:
    from promptops.lint.kind_guards import end_of_expression

    if use.role not in ("output", "filtered") or use.filters or steps != len(use.path):
        return None
    end = end_of_expression(site)
    return None if end is None else Fix((Edit(end, " | default"),))
