"""Our templates for engines that remove no white space."""

from __future__ import annotations

import jinja2
import pytest

from promptops.formats.document import CommentPart, ExpressionPart, TextPart
from promptops.formats.languages.jinja import untrimmed_jinja


@pytest.mark.parametrize("text", ["{# a #}", "{", "{{{", "{% if %}", "#}", "{#", "a\r\nb\rc"])
def test_text_that_looks_like_a_tag_is_rendered_as_it_is(text):
    parts = [TextPart(text), ExpressionPart("x"), CommentPart("note #} end"), TextPart(text)]

    rendered = jinja2.Template(untrimmed_jinja(parts), keep_trailing_newline=True).render(x=1)

    assert rendered == f"{text}1{text}"
