"""TPL001."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import TemplateScope
from promptops.records import replace


@rule("TPL001", severity=Severity.ERROR)
def jinja_syntax(scopes: Sequence[TemplateScope]) -> Iterator[Problem]:
    """Every template, partial and `when` is valid Jinja.

    A template that can't be parsed can't be rendered for any caller. The place is the token where
    parsing stopped: an unclosed tag is reported at the token that follows it.

    Bad:
        inputs:
          properties:
            tone: {enum: [friendly, formal], default: friendly}
        messages:
          - role: user
            content: |
              Say hello.
              {% if tone = "formal" %}
              Use the family name.
              {% endif %}

    Bad:
        messages:
          - role: user
            when: tone ==
            content: Say hello.

    Good:
        inputs:
          properties:
            tone: {enum: [friendly, formal], default: friendly}
        messages:
          - role: user
            content: |
              Say hello.
              {% if tone == "formal" %}
              Use the family name.
              {% endif %}
    """
    for scope in scopes:
        for each in scope.scope.problems:
            if each.code == "TPL001":
                from promptops.lint.jinja_words import explained

                message, hint = explained(each.message)
                yield replace(each, message=message, hint=hint or each.hint)
