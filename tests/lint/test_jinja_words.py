"""Jinja's messages, said again for the author of a prompt."""

from __future__ import annotations

import pytest

from promptops.lint.jinja_words import explained
from promptops.runtime.template import TemplateError, parse

SAID = [
    ("{{ a }", "unexpected `}`", "close it with `}}`"),
    ("{{ a", "unexpected end of template, expected `}}`", None),
    ("{{ 'a }}", "unexpected `'`", "close the quotes"),
    ("{{ a b }}", "expected `}}`, got `b`", None),
    ("{{ a | }}", "expected a name, got `}}`", None),
    ("{{ (a }}", "unexpected `}`, expected `)`", None),
    ("{{ a && b }}", "unexpected `&`", "write `and`"),
    ("{# a", "missing end of comment tag", "close it with `#}`"),
    ("{% raw %}a", "missing end of raw directive", "close it with `{% endraw %}`"),
    ("{% if a = 1 %}{% endif %}", "expected `%}`, got `=`", "to compare, write `==`"),
    (
        "{% if a %}{% else if b %}{% endif %}",
        "expected `%}`, got `if`",
        "a second condition is an `elif`",
    ),
    ("{% if a %}x", "`{% if %}` is never closed", "add `{% endif %}`"),
    (
        "{% if a %}{% endfor %}",
        "`{% endfor %}` where `{% if %}` is open",
        "close it before with `{% endif %}`",
    ),
    ("{% if a %}{% foo %}{% endif %}", "there is no tag `foo`", None),
    ("{% endif %}", "`{% endif %}` belongs to no tag before it", "remove it, or open the tag"),
    ("{% elseif a %}", "there is no tag `elseif`", "write `elif`"),
    ("{% set none = 1 %}", "can't assign to a constant", None),
]


@pytest.mark.parametrize(("source", "message", "hint"), SAID, ids=[row[0] for row in SAID])
def test_what_is_no_jinja_is_said_in_words_of_the_template(
    source: str, message: str, hint: str | None
) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(source)

    assert explained(refused.value.message) == (message, hint)
