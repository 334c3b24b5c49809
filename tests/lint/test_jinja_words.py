"""Jinja's messages, said again for the author of a prompt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.rules.jinja_syntax import explained
from promptops.runtime.template.template import TemplateError, parse, parse_expression
from tests.hanging import ends_soon

SAID = [
    ("{{ a }", "unexpected `}`", "close it with `}}`"),
    ("{{ a", "`{{` is never closed", "close it with `}}`"),
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
        "`{% endfor %}` inside an open `{% if %}`",
        "close it before with `{% endif %}`",
    ),
    ("{% if a %}{% foo %}{% endif %}", "there is no tag `foo`", "to write a value: `{{ foo }}`"),
    ("{% incldue 'a' %}", "there is no tag `incldue`", "did you mean `include`?"),
    ("{% while a %}{% endwhile %}", "there is no tag `while`", "write `for`"),
    (
        "{% if a %}{% end %}",
        "`{% end %}` inside an open `{% if %}`",
        "write `{% endif %}`",
    ),
    (
        "{% for a in b %}{% endfro %}",
        "`{% endfro %}` inside an open `{% for %}`",
        "write `{% endfor %}`",
    ),
    (
        '{% if a is "b" %}',
        "expected a name, got `string`",
        "write the name without quotes; to compare, write `==`",
    ),
    (
        '{{ include "a.md.j2" }}',
        "expected `}}`, got `string`",
        'remove the string; to include a template: `{% include "…" %}`',
    ),
    ("{% endif %}", "`{% endif %}` has no matching opening tag", "remove it, or open the tag"),
    ("{% elseif a %}", "there is no tag `elseif`", "write `elif`"),
    ("{% set none = 1 %}", "can't assign to a constant", None),
]


@pytest.mark.parametrize(("source", "message", "hint"), SAID, ids=[row[0] for row in SAID])
def test_what_is_no_jinja_is_said_in_words_of_the_template(
    source: str, message: str, hint: str | None
) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(source)

    said, known = explained(refused.value.message)
    assert (said, known or refused.value.hint) == (message, hint)


COMMON = [
    # Unclosed tags and blocks, where they were opened.
    ("{% for x in xs %}\n{{ x }}\nbye\n", "`{% for %}` is never closed",
     "{% for x in xs %}", "add `{% endfor %}`"),
    ("{% if a %}b{% endif %}\n{% if c %}d", "`{% if %}` is never closed",
     "{% if c %}", "add `{% endif %}`"),
    ("{% set y = 1 %}{% set x %}a", "`{% set %}` is never closed",
     "{% set x %}", "add `{% endset %}`"),
    ("a {# b\nc", "missing end of comment tag", "{#", "close it with `#}`"),
    ("a {% raw %}b", "missing end of raw directive", "{% raw %}", "close it with `{% endraw %}`"),
    ("Hi {{ a\nbye {{ b }}", "`{{` is never closed", "{{", "close it with `}}`"),
    ("Hi {%- if a\nbye", "`{%-` is never closed", "{%-", "close it with `%}`"),
    # Other template languages.
    ("a {{{x}}} b", "`{{{` is not Jinja", "{{{x}}}", "write `{{ x }}`"),
    ("{{#x}}a{{/x}}", "`{{#` is not Jinja", "{{#",
     "write `{% if x %}`, or `{% for item in x %}`"),
    ("{{#if x}}a{{/if}}", "`{{#` is not Jinja", "{{#", "write `{% if x %}`"),
    ("{{#unless x}}a", "`{{#` is not Jinja", "{{#", "write `{% if not x %}`"),
    ("{{# each a.b }}a", "`{{#` is not Jinja", "{{#", "write `{% for item in a.b %}`"),
    ("{{^x}}a", "`{{^` is not Jinja", "{{^", "write `{% if not x %}`"),
    ("{{/x}}", "`{{/` is not Jinja", "{{/", "write `{% endif %}` or `{% endfor %}`"),
    ("{{/each}}", "`{{/` is not Jinja", "{{/", "write `{% endfor %}`"),
    ("{{> part}}", "`{{>` is not Jinja", "{{>", 'write `{% include "part.md.j2" %}`'),
    ("{{! later }}", "`{{!` is not Jinja", "{{!",
     "write `{# later #}` for a comment, `not later` for a condition"),
    ("{{&x}}", "`{{&` is not Jinja", "{{&", "write `{{ x }}`"),
    ('Answer {{"a": 1}}.', "JSON between `{{` and `}}`", "{{",
     "for a brace in the text write `{` and `}` once, not twice"),
    ('{{\n  "a": 1\n}}', "JSON between `{{` and `}}`", "{{",
     "for a brace in the text write `{` and `}` once, not twice"),
    ("{% if {{ x }} %}a{% endif %}", "braces in an expression", "{{ x }}", "write `x`"),
    ("{{ {x} }}", "braces in an expression", "{x}", "write `x`"),
    ("{{ x || y }}", "expected a name, got `|`", "|", "write `or`"),
    ("{{ x ? 1 : 2 }}", "unexpected `?`", "?", "write `a if condition else b`"),
    ("{% if x === 1 %}{% endif %}", "unexpected `=`", "=", "to compare, write `==`"),
    # Word processors.
    ("{% if x == “a” %}b{% endif %}", "the curly quote `“` in an expression", "“",
     """write a straight quote, " or '"""),
    ("{{ x | default(‘a’) }}", "the curly quote `‘` in an expression", "‘",
     """write a straight quote, " or '"""),
    ("{{ a – b }}", "the dash `–` in an expression", "–", "write `-`"),
    # Neighbours, which are something else.
    ("{{ a: b }}", "expected `}}`, got `:`", ":", None),
    ("{{ a # b }}", "unexpected `#`", "#", None),
    ("{{ a ^ b }}", "unexpected `^`", "^", None),
    ("{{ !x }}", "unexpected `!`", "!", "write `not`"),
    ("{{ a\n  b }}", "expected `}}`, got `b`", "b", None),
    ("{% for x in y %}{% if a %}b{% endfor %}", "`{% endfor %}` inside an open `{% if %}`",
     "endfor", "close it before with `{% endif %}`"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message", "marked", "hint"), COMMON)
def test_a_common_mistake_in_a_template_names_what_to_write_at_its_place(
    source: str, message: str, marked: str, hint: str | None
) -> None:
    assert refusal(parse, source) == (message, marked, hint)


WHEN = [
    ("{x}", "braces in a `when`, which is an expression", "{x}", "write `x`"),
    ("{{ x.y }}", "braces in a `when`, which is an expression", "{{ x.y }}", "write `x.y`"),
    ("not ${x}", "braces in a `when`, which is an expression", "${x}", "write `x`"),
    ("{% if x %}", "a tag in a `when`, which is an expression", "{% if x %}", "write `x`"),
    ("if x", "one expression, and nothing after it", "x", "write the condition without `if`"),
    ("x = 1", "one expression, and nothing after it", "=", "to compare, write `==`"),
    ("x == “a”", "the curly quote `“` in an expression", "“",
     """write a straight quote, " or '"""),
    ("{x, y}", "expected `:`, got `,`", ",", None),
    ("x y", "one expression, and nothing after it", "y", None),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message", "marked", "hint"), WHEN)
def test_a_common_mistake_in_a_when_names_what_to_write_at_its_place(
    source: str, message: str, marked: str, hint: str | None
) -> None:
    assert refusal(parse_expression, source) == (message, marked, hint)


@pytest.mark.parametrize(
    "source",
    [
        "{{ {'a': 1} }}",
        "{{{'a': 1}}}",
        '“{{ x }}” – {x} {"a": 1}',
        "{{ '“#x” – {x}' }}",
        "{{ 'a' }}",
        "{% raw %}{{#x}} {{{y}}}{% endraw %}",
        "{# {{#x}} {% for %} #}",
        "{{ x - y }}",
    ],
)
def test_valid_jinja_that_looks_like_a_mistake_is_accepted(source: str) -> None:
    assert parse(source).source == source


@pytest.mark.parametrize(
    "source",
    [
        "{{ $" + "{" * 100_000,
        "{{ $" + "{" + " " * 200_000,
        "{{ {" * 30,
        "{% if a %}" * 2_000,
        "{{{" + " " * 200_000,
        "{{ # " + "{% " * 60_000,
    ],
    ids=lambda _: "",
)
def test_a_hostile_mistake_is_refused_in_moments(source: str) -> None:
    with ends_soon(), pytest.raises(TemplateError):
        parse(source)


def refusal(read: Callable[[str], object], source: str) -> tuple[str, str, str | None]:
    """What the author reads, and the part of the source it points at."""
    with pytest.raises(TemplateError) as refused:
        read(source)
    message, hint = explained(refused.value.message)
    marked = source[refused.value.start : refused.value.end]
    return message, marked, hint or refused.value.hint
