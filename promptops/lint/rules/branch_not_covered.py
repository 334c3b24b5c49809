"""TST003."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.coverage import Branch, Way, coverage
from promptops.analysis.uses import Site, Use
from promptops.lint import Problem, Severity, rule
from promptops.lint.input_schemas import InputSchemas
from promptops.lint.stacks import included_from
from promptops.lint.subject import Subject
from promptops.model.prompt import Prompt


@rule("TST003", severity=Severity.WARNING)
def branch_not_covered(prompt: Prompt, subject: Subject) -> Iterator[Problem]:
    """Every branch of a prompt's templates is rendered by some test case.

    What no case renders nobody has seen: neither the reviewer of a change, nor the rules that judge
    rendered text, nor a model in a test. Each `if`, `elif` and `else`, each loop with and without
    an item, and each `when` counts, in partials, too; so does the way past an `if` that has no
    `else`. A prompt without cases is TST001's, a test that is always true TPL007's, and of an `if`
    within a branch that is never rendered nothing is said but of that branch.

    Bad:
        inputs:
          properties:
            formal: {type: boolean, default: false}
        messages:
          - role: user
            content: |
              Say hello.
              {% if formal %}
              Use the family name.
              {% endif %}
        tests:
          - name: informal
            rendered:
              - {type: contains, value: hello}

    Good:
        inputs:
          properties:
            formal: {type: boolean, default: false}
        messages:
          - role: user
            content: |
              Say hello.
              {% if formal %}
              Use the family name.
              {% endif %}
        tests:
          - name: informal
            rendered:
              - {type: not-contains, value: family}
          - name: formal
            inputs: {formal: true}
            rendered:
              - {type: contains, value: family}
    """
    traced = [each.traced for each in subject.renders if each.traced is not None]
    # A case that fails takes no way to its end, and is an error of its own.
    if not traced or len(traced) < len(subject.cases):
        return
    taken = frozenset[Branch]().union(*(each.branches for each in traced))
    found = coverage(prompt, subject.catalog.load, taken, _never_empty(subject))
    for way in found.ways:
        if way.reached and not way.covered:
            yield _problem(way)


def _never_empty(subject: Subject) -> Iterator[Use]:
    """Loops over an array that its schema gives an item."""
    for scope in subject.scopes:
        for use in scope.scope.uses:
            if use.role == "loop" and not use.filters and _has_items(use, subject.input_schemas):
                yield use


def _has_items(use: Use, schemas: InputSchemas) -> bool:
    shape = schemas.at(use.name, use.path)
    if shape is None or not shape.ways:
        return False
    return all(any(least >= 1 for least in way.named("minItems")) for way in shape.ways)


def _problem(way: Way) -> Problem:
    message, site, hint = _said(way)
    return Problem(message, at=site.place, hint=hint, related=included_from(way.stack))


def _said(way: Way) -> tuple[str, Site, str]:
    """What no case does, where that is written, and what to do."""
    what = f"`{_short(way.site.source)}`"
    is_loop = way.tag == "for"
    if way.otherwise is not None and way.direction in ("else", "empty"):
        tag = "loop" if is_loop else "`if`"
        return f"no case takes the `else` of this {tag}", way.otherwise, "add a case that does"
    if way.direction in ("then", "holds", "taken"):
        claim = "has an item" if is_loop else "holds"
        return f"in no case {what} {claim}", way.site, "add a case in which it does"
    if is_loop:
        return f"in every case {what} has an item", way.site, "add a case in which it has none"
    claim = "holds, or what an `elif` asks for" if way.chained else "holds"
    return f"in every case {what} {claim}", way.site, "add a case in which it doesn't"


def _short(source: str) -> str:
    words = " ".join(source.split())
    return words if len(words) <= 60 else f"{words[:59]}…"
