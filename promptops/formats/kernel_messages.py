"""`<message role="…">` in the templates of Semantic Kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape

from promptops.formats.document import Loss, SourceMessage, TemplatePart, TextPart
from promptops.formats.plain_texts import parts_message
from promptops.formats.translation import InputNames, Translate
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_OPENING, _CLOSING = "<message", "</message>"
_ROLE = lazy_pattern(r"\brole\s*=\s*[\"'](\w+)[\"']")
_ROLES = {"ai": "assistant", **{one: one for one in ("system", "developer", "user", "assistant")}}


def kernel_messages(
    text: Text, language: Translate, names: InputNames, losses: list[Loss]
) -> Iterator[SourceMessage]:
    """The messages of a template; without such elements, one of the user."""
    elements = list(_elements(text.value))
    if not elements:
        found = language(text, names)
        losses += found.losses
        yield parts_message("user", found.parts)
        return
    if _outside(text.value, elements).strip():
        message = "text or tags outside of the messages are not read"
        losses.append(Loss(code="IMP101", message=message, place=text.place(0), refuses=True))
    for begin, start, end in elements:
        inner = Text(text.path, text.value[start:end], _locate(text, start))
        found = language(inner, names)
        losses += found.losses
        role = _role(text, begin, start, losses)
        yield parts_message(role, tuple(map(_decoded, found.parts)))


def _elements(text: str) -> Iterator[tuple[int, int, int]]:
    """The offsets of each element, of its content, and of the end of its content."""
    begin = text.find(_OPENING)
    while begin >= 0:
        start = text.find(">", begin) + 1
        end = text.find(_CLOSING, start)
        if start == 0 or end < 0:
            return
        yield begin, start, end
        begin = text.find(_OPENING, end)


def _outside(text: str, elements: list[tuple[int, int, int]]) -> str:
    position, pieces = 0, []
    for begin, _, end in elements:
        pieces.append(text[position:begin])
        position = end + len(_CLOSING)
    return "".join([*pieces, text[position:]])


def _role(text: Text, begin: int, start: int, losses: list[Loss]) -> str:
    attributes = text.value[begin + len(_OPENING) : start - 1]
    match = _ROLE.search(attributes)
    role = _ROLES.get(match[1].lower()) if match is not None else None
    place = text.place(begin, start)
    if role is None:
        message = "a message has no role that is known"
        losses.append(Loss(code="IMP101", message=message, place=place, refuses=True))
    if _ROLE.sub("", attributes).strip():
        message = "other attributes of a message are not carried"
        losses.append(Loss(code="IMP109", message=message, place=place))
    return role or "user"


def _locate(text: Text, start: int) -> Callable[[int], tuple[int, int]]:
    return lambda offset: text.locate(start + offset)


def _decoded(part: TemplatePart) -> TemplatePart:
    return TextPart(unescape(part.text)) if isinstance(part, TextPart) else part
