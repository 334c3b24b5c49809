"""TST003."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.coverage import Branch, TemplateBranch, coverage, never_empty
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.guards import NeverEqual, never_equal
from promptops.lint.passages import included_from
from promptops.lint.possible_outcomes import PossibleOutcomes
from promptops.lint.subject import PromptFacts
from promptops.model.prompt import Prompt


@rule("TST003", severity=Severity.WARNING)
def branch_not_covered(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """Every branch of a prompt's templates is rendered by at least one test case.

    If no case renders a branch, no one checks it: not the reviewer of a change, not the rules that
    check rendered text, not the model in a test. The rule counts each `if`, `elif` and `else`, each
    loop with and without items, and each `when`, in partials too. An `if` without an `else` must
    also be tested with a false condition. A branch that the schema of the inputs excludes needs no
    case.

    TST001 reports prompts without cases, and TPL007 reports conditions that are always true. If a
    branch is never rendered, the conditions inside it are not reported separately.

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
    traced = [render.traced for render in subject.renders if render.traced is not None]
    # A case that fails does not complete any branch and is reported as an error itself.
    if not traced or len(traced) < len(subject.cases):
        return
    taken = frozenset[Branch]().union(*(request.branches for request in traced))
    uses = (use for scope in subject.scopes for use in scope.scope.uses)
    full = never_empty(uses, subject.input_schemas)
    found = coverage(prompt, subject.catalog.load, taken, full)
    impossible = {
        comparison.test.place: comparison
        for scope in subject.scopes
        for comparison in never_equal(scope, subject.input_schemas)
    }
    possible = PossibleOutcomes(subject)
    for way in found.ways:
        never = impossible.get(way.site.place)
        needs_case = bool(never.stack) if never is not None else possible.lead_to(way)
        if way.reached and not way.covered and needs_case:
            yield _problem(way, prompt, never)


def _problem(way: TemplateBranch, prompt: Prompt, never: NeverEqual | None) -> Problem:
    from promptops.analysis.coverage import uncovered_message

    message, site, hint = uncovered_message(way)
    if never is not None:
        hint = f"`{never.name}` is never {never.written}: {never.hint}"
    related = included_from(way.stack)
    if prompt.extends is not None and site.place.path != prompt.path:
        message = f"{message}, in the variant `{prompt.id}`"
        variant = Related(prompt.locate("/extends", False), "the variant")
        related = (*related, variant)
    return Problem(message, at=site.place, hint=hint, related=related)
