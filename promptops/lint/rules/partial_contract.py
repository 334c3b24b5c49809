"""REP004."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.uses import TemplateSpan, Use
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.guards import is_item
from promptops.lint.passages import included_from
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.lint.undefined import is_given_to_partial, undefined
from promptops.model.prompt import Prompt


@rule("REP004", severity=Severity.ERROR)
def partial_contract(
    prompt: Prompt, scopes: Sequence[TemplateScope], subject: PromptFacts
) -> Iterator[Problem]:
    """A prompt defines all names that its partials need.

    A partial that reads `product` works in the prompt it was written for. Rendering fails in
    another prompt that includes it without defining `product`, or after an input was renamed. The
    problem is reported at the include of the prompt that lacks the name. VAR001 reports a name that
    no prompt defines, at the partial.

    Bad:
        --- prompts/partials/desk.md.j2
        You answer for the {{ product }} desk.
        --- prompts/sort.prompt.yaml
        format: promptops/1
        inputs: {required: [product], properties: {product: {enum: [router, hub]}}}
        messages:
          - {role: system, content: '{% include "partials/desk.md.j2" %}'}
        --- prompts/reply.prompt.yaml
        format: promptops/1
        messages:
          - {role: system, content: '{% include "partials/desk.md.j2" %}'}

    Good:
        --- prompts/partials/desk.md.j2
        You answer for the {{ product }} desk.
        --- prompts/sort.prompt.yaml
        format: promptops/1
        inputs: {required: [product], properties: {product: {enum: [router, hub]}}}
        messages:
          - {role: system, content: '{% include "partials/desk.md.j2" %}'}
        --- prompts/reply.prompt.yaml
        format: promptops/1
        messages:
          - role: system
            content: '{% set product = "router" %}{% include "partials/desk.md.j2" %}'
    """
    for use, in_partial in undefined(prompt, scopes):
        if in_partial and use.stack and not is_item(use) and is_given_to_partial(use, subject):
            yield _lacking(use)


def _lacking(use: Use) -> Problem:
    outermost, *inner = use.stack
    return Problem(
        f"`{use.site.text.path}` needs `{use.name}`, which is not defined here",
        at=_named(outermost).place,
        hint="declare it under `inputs`, or `set` it before the include",
        related=(Related(use.site.place, f"`{use.name}` is read here"), *included_from(inner)),
    )


def _named(site: TemplateSpan) -> TemplateSpan:
    """The name of a template without its quotes; a macro's name has none."""
    quoted = site.source[:1] in ("'", '"')
    return TemplateSpan(site.text, site.start + 1, site.end - 1) if quoted else site
