"""TPL001."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import TemplateScope
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.suggestions import nearest_name


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
        for problem in scope.scope.problems:
            if problem.code == "TPL001":
                from promptops.lint.rules.jinja_syntax import explained

                message, hint = explained(problem.message)
                yield replace(problem, message=message, hint=hint or problem.hint)


_TOKENS = {
    "'end of statement block'": "`%}`",
    "'end of print statement'": "`}}`",
    "token 'name'": "a name",
    "'end of template'": "end of template",
    "'const'": "a constant",
}
_OPEN = lazy_pattern(r"The innermost block that needs to be closed is '(\w+)'")
_TAG = lazy_pattern(r"encountered unknown tag '(\w+)'")
_INSTEAD = {
    "got `=`": "to compare, write `==`",
    "got `if`": "a second condition is an `elif`",
    "unexpected `&`": "write `and`",
    "unexpected `!`": "write `not`",
    "unexpected `=`": "to compare, write `==`",
    "unexpected `?`": "write `a if condition else b`",
    "unexpected `$`": "write the name without `$`",
    "expected a name, got `|`": "write `or`",
    "expected a name, got `string`": "write the name without quotes; to compare, write `==`",
    "expected `}}`, got `string`": 'remove the string; to include a template: `{% include "…" %}`',
    "expected `in`, got `of`": "write `in`",
    "tag name expected": "write a tag such as `if` or `for`",
    'unexpected `"`': "close the quotes",
    "unexpected `'`": "close the quotes",
    "unexpected `}`": "close it with `}}`",
    "missing end of comment tag": "close it with `#}`",
    "missing end of raw directive": "close it with `{% endraw %}`",
}


_OPENING = ("for", "if", "block", "macro", "call", "filter", "set", "with", "raw", "autoescape")
_TAGS = (
    *_OPENING,
    *(f"end{tag}" for tag in _OPENING),
    "elif",
    "else",
    "extends",
    "from",
    "import",
    "include",
)


def explained(message: str) -> tuple[str, str | None]:
    """The problem, and how to fix it if that is known."""
    unclosed, tag = _OPEN.search(message), _TAG.match(message)
    if tag is not None:
        return _unknown(tag[1], unclosed[1] if unclosed else "")
    if unclosed is not None:
        return f"`{{% {unclosed[1]} %}}` is never closed", f"add `{{% end{unclosed[1]} %}}`"
    for token, plain in _TOKENS.items():
        message = message.replace(token, plain)
    message = message.replace("expected token ", "expected ").replace(
        "unexpected char ", "unexpected "
    )
    message = re.sub(r"""'([^']+|')'|"(')\"""", lambda found: f"`{found[1] or found[2]}`", message)
    return message, next((hint for end, hint in _INSTEAD.items() if message.endswith(end)), None)


def _unknown(tag: str, unclosed: str) -> tuple[str, str | None]:
    if not tag.startswith("end") and tag not in _TAGS:
        near = nearest_name(tag, _TAGS, 0.7)
        nearest = f"did you mean `{near}`?" if near else f"to write a value: `{{{{ {tag} }}}}`"
        return f"there is no tag `{tag}`", _OTHER_LANGUAGES.get(tag, nearest)
    if unclosed:
        end = f"end{unclosed}"
        meant = tag not in _TAGS and (tag == "end" or nearest_name(tag, (end,), 0.7))
        hint = f"write `{{% {end} %}}`" if meant else f"close it before with `{{% {end} %}}`"
        return f"`{{% {tag} %}}` inside an open `{{% {unclosed} %}}`", hint
    return f"`{{% {tag} %}}` has no matching opening tag", "remove it, or open the tag"


_OTHER_LANGUAGES = {
    "elseif": "write `elif`",
    "elsif": "write `elif`",
    "while": "write `for`",
    "foreach": "write `for`",
    "unless": "write `if not`",
    "switch": "write `if` and `elif`",
    "case": "write `if` and `elif`",
    "let": "write `set`",
    "assign": "write `set`",
    "fi": "write `endif`",
}
