"""TOK004."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from promptops.analysis.tokens import estimate
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import included_from_frames, literal_passage
from promptops.lint.subject import PromptFacts, messages
from promptops.model.place import Place
from promptops.model.prompt import Message, TextPart
from promptops.patterns import lazy_pattern
from promptops.runtime.template.text_rendering import Piece

_EXPRESSION = lazy_pattern(r"\{\{[-+]?\s*(.+?)\s*[-+]?\}\}", re.DOTALL)

CACHED_TOKENS = 1_024
"""Tokens of the shortest prefix that providers cache."""


@rule("TOK004", severity=Severity.WARNING)
def cache_prefix_broken(subject: PromptFacts) -> Iterator[Problem]:
    """In a message marked `cache: true`, variable text comes after constant text.

    A provider caches the beginning of a request up to the first character that differs. A date or a
    customer's name in the second line makes everything after it uncacheable. The rule reports 1,024
    or more such tokens, the shortest prefix that providers cache. They cost up to ten times as much
    as cached tokens.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        inputs:
          properties:
            name: {type: string, maxLength: 80, default: Ada}
        messages:
          - role: system
            cache: true
            content: |
              You are talking to {{ name }}.
              {% include "manual.md.j2" %}
        tests:
          - name: one
        --- prompts/manual.md.j2
        {% for number in range(200) %}
        Step: unplug the router, wait a minute, plug it in again.
        {% endfor %}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        inputs:
          properties:
            name: {type: string, maxLength: 80, default: Ada}
        messages:
          - role: system
            cache: true
            content: |
              {% include "manual.md.j2" %}
              You are talking to {{ name }}.
        tests:
          - name: one
        --- prompts/manual.md.j2
        {% for number in range(200) %}
        Step: unplug the router, wait a minute, plug it in again.
        {% endfor %}
    """
    seen: set[Place] = set()
    for message, _ in messages(subject.prompt):
        if message.cache:
            # If an input is empty in a case, the template itself shows where it is printed.
            for case, pieces in (*_rendered(subject, message), ("", _source_of(subject, message))):
                for problem in _broken(list(pieces), case or None):
                    assert isinstance(problem.at, Place)
                    if problem.at not in seen:
                        seen.add(problem.at)
                        yield problem


def _rendered(subject: PromptFacts, message: Message) -> Iterator[tuple[str, Iterable[Piece]]]:
    """The pieces of a message, for each case that renders it."""
    own = {part.at for part in message.parts if isinstance(part, TextPart)}
    for rendered in subject.renders:
        texts = rendered.traced.texts if rendered.traced is not None else ()
        pieces = [piece for text in texts if text.at in own for piece in text.pieces]
        if pieces:
            yield rendered.case.name, pieces


def _source_of(subject: PromptFacts, message: Message) -> Iterator[Piece]:
    for part in message.parts:
        if isinstance(part, TextPart):
            template = subject.catalog.template(part.text)
            yield from literal_passage(part.text, template, message.role).pieces


def _broken(pieces: Sequence[Piece], case: str | None) -> Iterator[Problem]:
    first = next((index for index, piece in enumerate(pieces) if _varies(piece)), None)
    if first is None:
        return
    after = estimate("".join(piece.text for piece in pieces[first:] if piece.literal))
    if after >= CACHED_TOKENS:
        piece = pieces[first]
        yield Problem(
            f"variable text precedes about {after:,} constant tokens, so they are not cached",
            at=_place(piece),
            hint="move it to the end, or to the next message",
            related=tuple(included_from_frames(piece.frame)),
            case=case,
        )


def _place(piece: Piece) -> Place:
    """The place of the expression, without its braces."""
    text = piece.frame.text
    inner = _EXPRESSION.match(text.value, piece.start)
    return text.place(*inner.span(1)) if inner else text.place(piece.start, piece.end)


def _varies(piece: Piece) -> bool:
    """Whether a piece is variable text. A tag such as `if` or `include` is not."""
    return not piece.literal and not piece.frame.text.value.startswith("{%", piece.start)
