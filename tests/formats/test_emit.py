"""Parts become Jinja that renders exactly their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from promptops.formats.document import CommentPart, ExpressionPart, TagPart, TextPart
from promptops.formats.translation import jinja, without_blank_lines

ENGINE = Environment(
    trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True
)


@pytest.mark.parametrize(
    ("parts", "template"),
    [
        ([TextPart("a "), ExpressionPart("x"), TextPart("\nb")], "a {{ x }}\nb"),
        ([TextPart('{"a": {'), ExpressionPart("x"), TextPart("}}")], '{"a": {{ "{" }}{{ x }}}}'),
        ([TextPart("{{ name }} {% if %} {#")], '{{ "{{" }} name }} {{ "{%" }} if %} {{ "{#" }}'),
        (
            [TagPart("if x"), TextPart("\nyes\n"), TagPart("endif"), TextPart("\nend")],
            "{% if x +%}\nyes\n{% endif +%}\nend",
        ),
        (
            [TextPart("a\n  "), TagPart("if x"), TextPart("b"), TagPart("endif")],
            "a\n  {%+ if x %}b{% endif %}",
        ),
        (
            [TextPart("a\n"), TagPart("if x", alone=True), TextPart("b\n"), TagPart("endif", True)],
            "a\n{% if x %}\nb\n{% endif %}\n",
        ),
        ([CommentPart("why #} not"), TextPart("\nb")], "{# why # } not +#}\nb"),
    ],
)
def test_parts_are_written_as_jinja(parts, template):
    assert jinja(parts) == template


def test_tidied_tags_have_their_own_lines():
    parts = [
        TextPart("a\n  "),
        TagPart("if x"),
        TextPart("\nb\n"),
        TagPart("endif"),
        TextPart("\n"),
    ]

    assert jinja(without_blank_lines(parts)) == "a\n{% if x %}\nb\n{% endif %}\n"


TEXTS = st.text(alphabet="{%#}+-\n a\r", max_size=8).map(TextPart)
PARTS = st.one_of(
    TEXTS,
    st.just(ExpressionPart("x")),
    st.builds(CommentPart, st.text(alphabet="{%#}+-\n a", max_size=4)),
    st.builds(TagPart, st.sampled_from(["set y = 1", "if x", "if not x"]), st.booleans()),
)


@given(st.lists(PARTS, max_size=9))
def test_any_parts_render_exactly_their_text(parts):
    opened = [part for part in parts if isinstance(part, TagPart) and part.source[:2] == "if"]
    parts = [*parts, *(TagPart("endif") for _ in opened)]

    rendered = ENGINE.from_string(jinja(parts)).render(x="X")

    assert rendered == _text(parts)


def _text(parts) -> str:
    shown, text = [True], ""
    for part in parts:
        if isinstance(part, TagPart) and part.source == "endif":
            shown.pop()
        elif isinstance(part, TagPart) and part.source[:2] == "if":
            shown.append(shown[-1] and "not" not in part.source)
        elif shown[-1]:
            text += part.text if isinstance(part, TextPart) else ""
            text += "X" if isinstance(part, ExpressionPart) else ""
    return text
