"""TOK004."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from promptops.analysis.tokens import estimate
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import include_stack, literal_passage
from promptops.lint.subject import PromptFacts, messages
from promptops.model.place import Place
from promptops.model.prompt import Message, TextPart
from promptops.patterns import lazy_pattern
from promptops.runtime.template.scope import Piece

_EXPRESSION = lazy_pattern(r"\{\{[-+]?\s*(.+?)\s*[-+]?\}\}", re.DOTALL)

CACHED_TOKENS = 1_024
"""The shortest prefix that providers keep."""


@rule("TOK004", severity=Severity.WARNING)
def cache_prefix_broken(subject: PromptFacts) -> Iterator[Problem]:
    """In a message marked `cache: true`, what varies comes after what stays.

    A provider reuses the beginning of a request up to the first character that differs. A date or
    a customer's name in the second line makes all that follows it new each time: 1,024 tokens of
    it, the shortest prefix that is kept, cost up to ten times as much as they would cached.

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
            # An input that is empty in a case is seen in the template itself.
            for case, pieces in (*_rendered(subject, message), ("", _written(subject, message))):
                for problem in _broken(list(pieces), case or None):
                    assert isinstance(problem.at, Place)
                    if problem.at not in seen:
                        seen.add(problem.at)
                        yield problem


def _rendered(subject: PromptFacts, message: Message) -> Iterator[tuple[str, Iterable[Piece]]]:
    """The pieces of a message as each case renders it."""
    own = {part.at for part in message.parts if isinstance(part, TextPart)}
    for rendered in subject.renders:
        texts = rendered.traced.texts if rendered.traced is not None else ()
        pieces = [piece for text in texts if text.at in own for piece in text.pieces]
        if pieces:
            yield rendered.case.name, pieces


def _written(subject: PromptFacts, message: Message) -> Iterator[Piece]:
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
            f"variable text before about {after:,} tokens that stay the same: they are not cached",
            at=_place(piece),
            hint="move it to the end, or to the next message",
            related=tuple(include_stack(piece.frame)),
            case=case,
        )


def _place(piece: Piece) -> Place:
    """Of the expression, without the braces around it."""
    text = piece.frame.text
    inner = _EXPRESSION.match(text.value, piece.start)
    return text.place(*inner.span(1)) if inner else text.place(piece.start, piece.end)


def _varies(piece: Piece) -> bool:
    """A tag such as `if` or `include` is not text that varies, though a branch in it may be."""
    return not piece.literal and not piece.frame.text.value.startswith("{%", piece.start)
