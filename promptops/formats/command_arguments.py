"""What an agent puts into the text of a command: its arguments, files, and output of programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_ARGUMENTS = "$ARGUMENTS"
_OF_COMMANDS = frozenset(("argument-hint", "allowed-tools"))
_PUT_IN = lazy_pattern(r"(?<!\S)(?:!`[^`\n]+`|@[\w./-]*[\w-]\.\w+)|\$(?:ARGUMENTS\[\d+\]|[1-9]\b)")
"""The output of a program, a file, one of several arguments."""


def is_command(header: Mapping[Any, Any], body: str) -> bool:
    """Whether a Markdown file is a command of an agent, by its header or its arguments."""
    return bool(_OF_COMMANDS & header.keys()) or _ARGUMENTS in body


def with_arguments(parts: Iterable[TemplatePart]) -> Iterator[TemplatePart]:
    """The parts with the input `arguments` for `$ARGUMENTS`."""
    for part in parts:
        if not isinstance(part, TextPart) or f"{_ARGUMENTS}[" in part.text:
            yield part
            continue
        before, *others = part.text.split(_ARGUMENTS)
        yield TextPart(before)
        for other in others:
            yield ExpressionPart("arguments")
            yield TextPart(other)


def put_in(body: Text) -> Iterator[Loss]:
    """An IMP124 for each text that the agent replaces, once."""
    found = {match[0]: match for match in reversed(list(_PUT_IN.finditer(body.value)))}
    for written, match in sorted(found.items(), key=lambda item: item[1].start()):
        message = f"`{written}` is put in by the agent, not here"
        yield Loss(code="IMP124", message=message, place=body.place(match.start(), match.end()))
