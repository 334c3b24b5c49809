"""TPL002."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache

from promptops.analysis.uses import Word
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.passages import included_from
from promptops.lint.subject import TemplateScope
from promptops.suggestions import nearest_name

_OTHER_NAMES = {
    "safe": "a prompt is not escaped, so leave it out",
    "forceescape": "a prompt is not HTML; use `escape` if it is intended",
    "pprint": "use `json`",
    "xmlattr": "write the attributes out",
    "urlize": "write the link out",
    "attr": "use `value.name` or `value[name]`",
    "strip": "use `trim`",
    "to_json": "use `json`",
    "dumps": "use `json`",
    "from_json": "use `parse_json`",
    "fromjson": "use `parse_json`",
    "loads": "use `parse_json`",
    "len": "use `length`",
    "random": "a prompt renders the same every time; let the caller choose",
    "shuffle": "a prompt renders the same every time; let the caller choose",
}


@rule("TPL002", severity=Severity.ERROR)
def unknown_filter_or_test(scopes: Sequence[TemplateScope]) -> Iterator[Problem]:
    """A template uses only filters and tests that exist.

    Available are Jinja's own filters and tests, except those that depend on random numbers, the
    clock or the machine, and `json`, `parse_json` and `split`. Jinja reports an unknown name only
    when the template is rendered. In a branch that no test covers, that happens first in
    production.

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket | trimm }}"

    Good:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket | trim }}"
    """
    for scope in scopes:
        for word in scope.scope.filters:
            if word.name not in _filters():
                yield _problem("filter", word, _filters())
        for word in scope.scope.tests:
            if word.name not in _tests():
                yield _problem("test", word, _tests())


@cache
def _filters() -> frozenset[str]:
    from promptops.runtime.template.environment import allowed_filters

    return frozenset(allowed_filters())


@cache
def _tests() -> frozenset[str]:
    from promptops.runtime.template.environment import allowed_tests

    return frozenset(allowed_tests())


def _problem(kind: str, word: Word, known: Collection[str]) -> Problem:
    hint = _OTHER_NAMES.get(word.name) if kind == "filter" else None
    near = None if hint else nearest_name(word.name, sorted(known))
    place = word.site.place
    return Problem(
        f"there is no {kind} `{word.name}`",
        at=place,
        hint=hint or (f"did you mean `{near}`?" if near else None),
        fix=Fix((Edit(place, near),)) if near else None,
        related=included_from(word.stack),
    )
