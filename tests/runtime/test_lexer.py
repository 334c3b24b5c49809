"""The tokens of a template are those of Jinja2's own lexer, with the places of their texts."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError

from promptops.runtime.template.jinja_parser import tokens
from promptops.runtime.template.template import TemplateError
from tests.conformance.make_vectors import FOLDER
from tests.runtime.test_runtime_generated import Grammar
from tests.tiers import examples

_JINJA = Environment(
    trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False
).lexer
PIECES = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", "{%-", "-%}", "{%+", "+%}", "{#-", "-#}"),
    *("raw", "endraw", "{% raw %}", "{%- raw -%}", "{% endraw %}", "{%+ endraw -%}", "{#+", "+#}"),
    *("a", "_b1", "ü", "0", "007", "1_0", "1.5", "1e9", "0x1F", "0b1", "1.", ".5", "x.1.2", "²"),
    *("'s'", '"t\\""', "'open", "'a\nb'", "(", ")", "[", "]", "{", "}", "==", "//", "**", "|", "~"),
    *(
        "!",
        "$",
        "&",
        "\\",
        " ",
        "  ",
        "\n",
        "\n  ",
        "\t",
        "\u00a0",
        "\v",
        "text",
        "<",
        ":",
        ",",
        "%",
    ),
]


def _of_jinja(source: str, state: str | None) -> Iterator[tuple[str, str]]:
    """The kinds and texts; in the end the message of an error, if there is one."""
    try:
        for _, kind, value in _JINJA.tokeniter(source, None, None, state):
            yield kind, value
    except TemplateSyntaxError as error:
        message = str(error.message).partition(" at ")[0].rstrip(".")
        yield "error", message[:1].lower() + message[1:]


def _ours(source: str, state: str | None) -> Iterator[tuple[str, str]]:
    """The same, after a look at the places."""
    position = 0
    try:
        for start, kind, value in tokens(source, in_tag=state is not None):
            assert start >= position
            assert source.startswith(value, start)
            position = start + len(value)
            yield kind, value
    except TemplateError as error:
        yield "error", error.message


def _compare(source: str, state: str | None = None) -> None:
    assert list(_ours(source, state)) == list(_of_jinja(source, state))


def test_the_templates_of_the_vectors() -> None:
    with gzip.open(FOLDER / "templates.jsonl.gz", "rt", encoding="utf-8") as lines:
        sources = {json.loads(line)["source"] for line in lines}
    assert len(sources) > 1_000
    for source in sources:
        if "\r" not in source:
            _compare(source)


@given(st.integers(0, 2**32))
@settings(max_examples=examples(1_000), deadline=None)
def test_generated_templates(seed: int) -> None:
    _compare(Grammar(random.Random(seed)).template())


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@settings(max_examples=examples(20_000), deadline=None)
def test_pieces_in_any_order(source: str) -> None:
    _compare(source)
    _compare(source, "variable")


def test_all_errors() -> None:
    for source in ("{{ $", "{# a", "{% raw %}a", "{{ ) }}", "{{ (] }}", "{{ 'a", "{{ a.", "{{ ["):
        _compare(source)
