"""TPL004."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.uses import TemplateReference
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import included_from
from promptops.lint.subject import TemplateScope
from promptops.model.place import Text
from promptops.patterns import lazy_pattern


@rule("TPL004", severity=Severity.ERROR)
def dynamic_include(scopes: Sequence[TemplateScope]) -> Iterator[Problem]:
    """The names of included, imported and extended templates are constants.

    If a name is computed, the files of a prompt are known only after rendering. Then promptops
    can't determine which prompts a partial affects, what a release must contain, or where a
    sentence came from. A caller who controls the name also controls which file is included.

    Bad:
        inputs:
          required: [locale]
          properties:
            locale: {enum: [en, de]}
        messages:
          - role: user
            content: |
              {% include "partials/greeting." ~ locale ~ ".md.j2" %}

    Good:
        --- prompts/greet.prompt.yaml
        format: promptops/1
        inputs:
          required: [locale]
          properties:
            locale: {enum: [en, de]}
        messages:
          - role: user
            content: |
              {% if locale == "de" %}
              {% include "partials/greeting.de.md.j2" %}
              {% else %}
              {% include "partials/greeting.en.md.j2" %}
              {% endif %}
        --- prompts/partials/greeting.de.md.j2
        Sag Guten Tag.
        --- prompts/partials/greeting.en.md.j2
        Say hello.
    """
    for scope in scopes:
        for reference in scope.scope.references:
            if reference.target is None:
                quoted = f'quote it: "{reference.site.source}"'
                other = "write the name out; choose between several with `if`"
                yield Problem(
                    "the name of a template is computed",
                    at=reference.site.place,
                    hint=quoted if is_bare_path(reference) else other,
                    related=included_from(reference.stack),
                )


_BARE_PATH = lazy_pattern(r"(?:[\w.-]+/)+[\w.-]+|[\w.-]+\.(?:j2|jinja2?|md|txt)")


def is_bare_path(reference: TemplateReference) -> bool:
    """Whether the name of a template is a path without quotes, such as `partials/a.md.j2`."""
    return reference.target is None and _BARE_PATH.fullmatch(reference.site.source) is not None


def bare_paths(scopes: Sequence[TemplateScope]) -> set[tuple[Text, int]]:
    """Where the words of such paths are, which are read as names: text and offset."""
    return {
        (reference.site.text, offset)
        for scope in scopes
        for reference in scope.scope.references
        if is_bare_path(reference)
        for offset in range(reference.site.start, reference.site.end)
    }
