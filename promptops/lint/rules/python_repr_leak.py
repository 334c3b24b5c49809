"""VAR005."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.input_schemas import dotted
from promptops.analysis.uses import ITEM, TemplateSpan, Use
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.guards import guards_of, is_unreachable
from promptops.lint.passages import included_from
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.model.prompt import Prompt
from promptops.records import record

_TEXTUAL = frozenset(("string", "number"))


@record(frozen=True, slots=True)
class _Leak:
    """What is printed, and how to print it instead."""

    message: str
    hint: str
    filter: str | None = None


@rule("VAR005", severity=Severity.WARNING)
def python_repr_leak(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """Only strings and numbers are printed directly.

    Jinja prints all other values in Python syntax. A model that must answer in JSON and receives
    `True`, `None` and `['late', 'broken']` in its instructions copies them: it answers with `None`,
    and the application can't parse the answer. Describe in words what a list or a flag means, or
    print it as JSON. A value that may be null is allowed behind an `if`, and a value with several
    types behind a test that leaves only strings and numbers: `is string`.

    Bad:
        inputs:
          required: [tags, urgent]
          properties:
            tags: {type: array, maxItems: 5, items: {type: string, maxLength: 20}}
            urgent: {type: boolean}
        messages:
          - role: user
            content: |
              Tags: {{ tags }}
              Urgent: {{ urgent }}

    Bad:
        inputs:
          required: [note]
          properties:
            note: {type: [string, "null"], maxLength: 200}
        messages:
          - role: user
            content: "Note of the agent: {{ note }}"

    Good:
        inputs:
          required: [tags, urgent, note]
          properties:
            tags: {type: array, maxItems: 5, items: {type: string, maxLength: 20}}
            urgent: {type: boolean}
            note: {type: [string, "null"], maxLength: 200}
        messages:
          - role: user
            content: |
              Tags: {{ tags | join(", ") }}
              {% if urgent %}
              This one is urgent.
              {% endif %}
              {% if note %}
              Note of the agent: {{ note }}
              {% endif %}
    """
    inputs = prompt.inputs.get("properties") or {}
    for scope in subject.scopes:
        for use in scope.scope.uses:
            if use.role == "output" and use.name in inputs and use.origin in ("input", "branch"):
                found = None if use.open else _leak(use, scope, subject)
                if found is not None and not is_unreachable(use, scope, subject):
                    yield _problem(use, found)


def _leak(use: Use, scope: TemplateScope, subject: PromptFacts) -> _Leak | None:
    schemas = subject.input_schemas
    shape = schemas.at(use.name, use.path)
    types = shape.types - _TEXTUAL if shape is not None else frozenset()
    if types:
        from promptops.lint.kind_guards import excluded_kinds

        types -= excluded_kinds(use, guards_of(scope, subject.scopes))
    whole = dotted(use.name, use.path)
    if "object" in types:
        return _Leak(f"`{whole}` is printed in Python syntax: `{{'k': 1}}`", "use `| json`", "json")
    if "array" in types:
        items = schemas.at(use.name, (*use.path, ITEM))
        message = f"`{whole}` is printed in Python syntax: `['x']`"
        if items is not None and items.types and items.types <= _TEXTUAL:
            return _Leak(message, 'use `| join(", ")`')
        return _Leak(message, "use `| json`, or a loop", "json")
    if "boolean" in types:
        hint = "use `| json`, or write an `if` that describes it in words"
        return _Leak(f"`{whole}` is printed in Python syntax: `True` or `False`", hint, "json")
    if "null" in types:
        message = f"`{whole}` may be null, which is printed as `None`"
        # A bare `if` would leave out the number 0.
        test = " is not none" if shape is not None and "number" in shape.types else ""
        return _Leak(message, f"put it into `{{% if {_source_of(use)}{test} %}}`")
    return None


def _source_of(use: Use) -> str:
    last = _last(use)
    return use.site.text.value[use.site.start : last.end]


def _last(use: Use) -> TemplateSpan:
    """The end of the path as written here."""
    last = use.path_sites[-1] if use.path else use.site
    return last if last.text is use.site.text and last.start >= use.site.start else use.site


def _problem(use: Use, found: _Leak) -> Problem:
    from promptops.lint.kind_guards import end_of_expression

    site = _last(use)
    end = end_of_expression(site) if found.filter is not None else None
    return Problem(
        found.message,
        at=use.site.text.place(use.site.start, site.end),
        hint=found.hint,
        fix=None if end is None else Fix((Edit(end, f" | {found.filter}"),)),
        related=included_from(use.stack),
    )
