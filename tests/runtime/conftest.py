"""Jinja itself, set up as the renderer means to be; and both asked the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from promptops.model.place import Text, plain_text
from promptops.runtime.template.data import json_copy
from promptops.runtime.template.parsed_program import program_of
from promptops.runtime.template.text_rendering import (
    Piece,
    Run,
    TemplateFailure,
    render_text,
    trace_text,
)

FAILED = "it fails"
PATH = "main.j2"

Ask = Callable[..., str]
"""From a template's source, data, and other templates by name, to the text or FAILED."""


@pytest.fixture(scope="session")
def ask_jinja() -> Ask:
    return by_jinja


@pytest.fixture(scope="session")
def ask_us() -> Ask:
    """Asserts besides that tracing and a parsed program change nothing, and places are in texts."""
    return by_us


def by_jinja(
    source: str, data: Mapping[str, Any], templates: Mapping[str, str] | None = None
) -> str:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=DictLoader({**(templates or {}), PATH: source}),
    )
    environment.globals = {"range": range, "namespace": Namespace}
    try:
        return environment.get_template(PATH).render(json_copy(data))
    except Exception:  # noqa: BLE001 -- whatever Jinja raises, it fails
        return FAILED


def by_us(source: str, data: Mapping[str, Any], templates: Mapping[str, str] | None = None) -> str:
    load = _loader(templates or {})
    pieces: tuple[Piece, ...] = ()

    def traced() -> str:
        nonlocal pieces
        pieces = trace_text(plain_text(PATH, source), json_copy(data), Run(load, traced=True))
        return "".join(piece.text for piece in pieces)

    plain = _outcome(lambda: render_text(plain_text(PATH, source), json_copy(data), Run(load)))
    assert _outcome(traced) == plain
    stored = plain_text(PATH, source, program_of(source))
    by_program = Run(_loader(templates or {}, program_of))
    assert _outcome(lambda: render_text(stored, json_copy(data), by_program)) == plain
    for piece in pieces:
        text = piece.frame.text.value
        assert 0 <= piece.start <= piece.end <= len(text)
        assert not piece.literal or text[piece.start : piece.end] == piece.text
    return plain if isinstance(plain, str) else FAILED


def _outcome(render: Callable[[], str]) -> str | tuple[str, int, int, bool]:
    try:
        return render()
    except TemplateFailure as error:
        failure = error
    size = len(failure.frame.text.value)
    assert 0 <= failure.start < failure.end <= size, (failure, failure.start, failure.end)
    return failure.message, failure.start, failure.end, failure.refused


def _loader(
    templates: Mapping[str, str], program: Callable[[str], str | None] = lambda _: None
) -> Callable[[str, str], Text | None]:
    def load(path: str, name: str) -> Text | None:
        if name not in templates:
            return None
        return plain_text(name, templates[name], program(templates[name]))

    return load
