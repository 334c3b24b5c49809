"""REP002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import TemplateScope


@rule("REP002", severity=Severity.ERROR)
def include_cycle(
    problems: Sequence[Problem], scopes: Sequence[TemplateScope]
) -> Iterator[Problem]:
    """No template includes itself and no prompt extends itself, directly or indirectly.

    Rendering a cycle fails for every caller, even if a condition around the include makes the tests
    pass. The message shows the whole cycle.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: '{% include "partials/tone.md.j2" %}'
        --- prompts/partials/tone.md.j2
        Be brief. {% include "partials/style.md.j2" %}
        --- prompts/partials/style.md.j2
        Be kind. {% include "partials/tone.md.j2" %}

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        extends: ./tell.prompt.yaml
        --- prompts/tell.prompt.yaml
        format: promptops/1
        extends: ./ask.prompt.yaml

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: '{% include "partials/tone.md.j2" %}'
        --- prompts/partials/tone.md.j2
        Be brief. {% include "partials/style.md.j2" %}
        --- prompts/partials/style.md.j2
        Be kind.
    """
    yield from (problem for problem in problems if problem.code == "REP002")
    for scope in scopes:
        yield from (problem for problem in scope.scope.problems if problem.code == "REP002")
