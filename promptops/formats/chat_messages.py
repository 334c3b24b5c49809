"""Texts that mark roles by lines, such as `user:`, and images in Markdown."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from promptops.formats.document import (
    CommentPart,
    ExpressionPart,
    Loss,
    MediaContent,
    SourceHistory,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TagPart,
    TemplatePart,
    TextContent,
    TextPart,
    is_blank,
)
from promptops.formats.plain_texts import translated
from promptops.formats.source_file import ReadOptions
from promptops.formats.translation import InputNames
from promptops.json_pointer import value_at
from promptops.model.place import Place
from promptops.model.prompt import MediaKind
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import Document

ROLE_LINE = lazy_pattern(
    r"(?m)^[ \t]*(?:#[ \t]*)?(system|user|assistant|developer|function|tool)[ \t]*:[ \t]*$", 2
)
_LOOP = lazy_pattern(r"for\s+(\w+)\s+in\s+([\w.]+)\s*")
_ROLE_OF = lazy_pattern(r"(\w+)(?:\.role|\[['\"]role['\"]\])")
_CONTENT_OF = lazy_pattern(r"(\w+)(?:\.content|\[['\"]content['\"]\])(?:\s*\|.*)?")
_ROLE_WORDS = {"function": "tool"}


@record(frozen=True, slots=True)
class _Block:
    """A tag with what it encloses: a condition with its branches, or a loop."""

    branches: tuple[tuple[TagPart, tuple[_Node, ...]], ...]
    closing: TagPart


_Node = TemplatePart | _Block


class RoleLines:
    """Splits one template into turns.

    Attributes:
        losses: What turns can't express; IMP101 refuses the prompt.
    """

    def __init__(
        self,
        place: Callable[[], Place],
        first_role: str | None,
        pattern: re.Pattern[str] = ROLE_LINE,
        last_line: Literal["role", "text"] = "role",
    ) -> None:
        """Reads templates.

        Args:
            first_role: Of text before the first role line; None to refuse such text.
            pattern: What begins a message; its first group is the role.
            last_line: What a role line is that ends the template without a newline.
        """
        self.losses: list[Loss] = []
        self._pattern = pattern
        self._place = place
        self._first_role = first_role
        self._last_line = last_line
        self._last: TemplatePart | None = None
        self._shared: list[TemplatePart] = []

    def turns(self, parts: Sequence[TemplatePart]) -> tuple[SourceTurn, ...]:
        """The turns of a template with role lines; () if it has none."""
        if not has_role_lines(parts, self._pattern):
            return ()
        self._last = parts[-1] if self._last_line == "text" else None
        nodes = _nodes(iter(parts), ())[0]
        return tuple(self._top(nodes))

    def _top(self, nodes: Sequence[_Node]) -> Iterator[SourceTurn]:
        role, current = self._first_role, list[_Node]()
        closed = False  # after tags around whole messages, only a new role line may follow
        for node in nodes:
            if isinstance(node, _Block) and _has_roles(node, self._pattern):
                yield from self._message(role, current, closed=closed)
                current, closed = [], True
                yield from self._around(node)
                continue
            if isinstance(node, TextPart):
                *whole, (rest, _) = self._split(node)
                for before, next_role in whole:
                    yield from self._message(role, [*current, TextPart(before)], closed=closed)
                    role, current, closed = next_role, [], False
                current.append(TextPart(rest))
            elif isinstance(node, TagPart) and node.source.startswith("set ") and not current:
                self._shared.append(node)
            else:
                current.append(node)
        yield from self._message(role, current, closed=closed)

    def _split(self, part: TextPart) -> list[tuple[str, str]]:
        """The texts before each role line with the role that follows, then the rest."""
        text, found, position = part.text, [], 0
        for match in self._pattern.finditer(text):
            if part is self._last and match.end() == len(text):
                break
            found.append((text[position : match.start()], match[1].lower()))
            position = match.end() + (text[match.end() : match.end() + 1] == "\n")
        return [*found, (text[position:], "")]

    def _message(
        self, role: str | None, nodes: Sequence[_Node], *, closed: bool
    ) -> Iterator[SourceMessage]:
        parts = tuple(_flat(nodes))
        if not _shows(parts) and role != "history":
            return
        if closed:
            self._refuse("text follows a condition or loop around whole messages")
        elif role is None:
            self._refuse("text precedes the first role")
        else:
            content = TextContent(parts=(*self._shared, *parts))
            yield SourceMessage(role=_ROLE_WORDS.get(role, role), content=(content,))

    def _around(self, block: _Block) -> Iterator[SourceTurn]:
        if block.branches[0][0].source.startswith("for "):
            yield from self._loop(block)
            return
        earlier: list[str] = []
        for tag, nodes in block.branches:
            word, _, condition = tag.source.partition(" ")
            tests = [f"not ({one})" for one in earlier]
            tests += [condition.strip()] if condition else []
            when = tests[0] if len(tests) == 1 else " and ".join(_bracketed(one) for one in tests)
            if word in ("if", "elif"):
                earlier.append(condition.strip())
            yield from (self._conditional(turn, when) for turn in self._inner(nodes))

    def _conditional(self, turn: SourceTurn, when: str) -> SourceTurn:
        if isinstance(turn, SourceMessage) and turn.when is None:
            return SourceMessage(role=turn.role, content=turn.content, when=when)
        self._refuse("a loop or a condition is nested around whole messages")
        return turn

    def _inner(self, nodes: Sequence[_Node]) -> list[SourceTurn]:
        """The messages inside of a tag; the first one begins with a role line."""
        first, self._first_role = self._first_role, None
        found = list(self._top(nodes))
        self._first_role = first
        return found

    def _loop(self, block: _Block) -> Iterator[SourceTurn]:
        (tag, nodes), *others = block.branches
        match = _LOOP.fullmatch(tag.source)
        if match is None or others or "." in match[2]:
            self._refuse("a loop around whole messages must iterate over an input")
            return
        name, source = match[1], match[2]
        if _is_history(nodes, name):
            message = f"`{source}` is the caller's conversation"
            self.losses.append(Loss(code="IMP302", message=message, place=self._place()))
            yield SourceHistory(source=source)
            return
        inner = self._inner(nodes)
        messages = tuple(turn for turn in inner if isinstance(turn, SourceMessage))
        if len(messages) < len(inner):
            self._refuse("a loop or a condition is nested around whole messages")
        if messages:
            yield SourceLoop(source=source, name=name, messages=messages)
        else:
            self._refuse("the role of a message is computed")

    def _refuse(self, message: str) -> None:
        loss = Loss(code="IMP101", message=message, place=self._place(), refuses=True)
        if loss not in self.losses:
            self.losses.append(loss)


def has_role_lines(parts: Sequence[TemplatePart], pattern: re.Pattern[str] = ROLE_LINE) -> bool:
    """Whether a template has a role line, or a computed role on a line of its own."""
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    computed = any(
        isinstance(part, ExpressionPart) and _ROLE_OF.fullmatch(part.source) for part in parts
    )
    return computed or any(pattern.search(text) for text in texts)


def _nodes(
    parts: Iterator[TemplatePart], ends: tuple[str, ...]
) -> tuple[tuple[_Node, ...], TagPart | None]:
    """The nodes up to a tag that begins with one of `ends`, and this tag; None at the end."""
    found: list[_Node] = []
    for part in parts:
        word = part.source.split(" ", 1)[0] if isinstance(part, TagPart) else ""
        if word in ends and isinstance(part, TagPart):
            return tuple(found), part
        if isinstance(part, TagPart) and word in ("if", "for"):
            found.append(_block(parts, part))
        else:
            found.append(part)
    return tuple(found), None


def _block(parts: Iterator[TemplatePart], opening: TagPart) -> _Block:
    end = "endif" if opening.source.startswith("if") else "endfor"
    branches, tag = list[tuple[TagPart, tuple[_Node, ...]]](), opening
    while True:
        nodes, closing = _nodes(parts, ("elif", "else", end))
        branches.append((tag, nodes))
        if closing is None or closing.source.split(" ", 1)[0] == end:
            return _Block(tuple(branches), closing or TagPart(end))
        tag = closing


def _flat(nodes: Sequence[_Node]) -> Iterator[TemplatePart]:
    for node in nodes:
        if not isinstance(node, _Block):
            yield node
            continue
        for tag, inner in node.branches:
            yield tag
            yield from _flat(inner)
        yield node.closing


def _has_roles(block: _Block, pattern: re.Pattern[str]) -> bool:
    return any(has_role_lines(tuple(_flat(nodes)), pattern) for _, nodes in block.branches)


def _shows(parts: Sequence[TemplatePart]) -> bool:
    """Whether a message has more than white space and comments."""
    return any(
        part.text.strip() if isinstance(part, TextPart) else not isinstance(part, CommentPart)
        for part in parts
    )


def _is_history(nodes: Sequence[_Node], name: str) -> bool:
    """`{{m.role}}:`, a newline and `{{m.content}}`, with nothing else but white space."""
    parts = [node for node in nodes if not (isinstance(node, TextPart) and not node.text.strip())]
    if len(parts) != 3:
        return False
    role, between, content = parts
    if not (isinstance(role, ExpressionPart) and isinstance(content, ExpressionPart)):
        return False
    if not isinstance(between, TextPart):
        return False
    of_role, of_content = _ROLE_OF.fullmatch(role.source), _CONTENT_OF.fullmatch(content.source)
    names = [match[1] for match in (of_role, of_content) if match is not None]
    return names == [name, name] and between.text.strip() == ":" and between.text.endswith("\n")


def _bracketed(test: str) -> str:
    return test if test.startswith("not (") or test.isidentifier() else f"({test})"


# Images in the Markdown of a message: `![alt](image)`.

_IMAGE = lazy_pattern(r"!\[[^\[\]]*\]\((?!\s*\))")
_BEFORE_INPUT = lazy_pattern(r"!\[[^\[\]]*\]\(\Z")


def with_images(parts: Iterable[TemplatePart]) -> Iterator[TextContent | MediaContent]:
    """The content of a message, with `![alt](image)` as images."""
    current: list[TemplatePart] = []
    for piece in _pieces(deque(parts)):
        if isinstance(piece, MediaContent):
            yield from text_content(current)
            current = []
            yield piece
        else:
            current.append(piece)
    yield from text_content(current)


def text_content(parts: Iterable[TemplatePart]) -> Iterator[TextContent]:
    """The parts as a text, unless they are white space only."""
    found = tuple(parts)
    if not all(map(is_blank, found)):
        yield TextContent(parts=found)


def _pieces(rest: deque[TemplatePart]) -> Iterator[TemplatePart | MediaContent]:
    """The parts, with an image in place of what writes it; empties `rest`."""
    while rest:
        part = rest.popleft()
        if not isinstance(part, TextPart):
            yield part
            continue
        position = 0
        for start, end, image in _with_address(part.text):
            yield TextPart(part.text[position:start])
            yield image
            position = end
        yield from _before_input(part.text[position:], rest)


def _with_address(text: str) -> Iterator[tuple[int, int, MediaContent]]:
    """The images with their offsets; the end is exclusive."""
    match = _IMAGE.search(text)
    while match is not None:
        end = text.find(")", match.end())
        if end < 0:
            return
        yield match.start(), end + 1, _of_address(text[match.end() : end].strip())
        match = _IMAGE.search(text, end + 1)


def _of_address(address: str) -> MediaContent:
    if "://" in address or address.startswith("data:"):
        return MediaContent(kind="image", origin="url", value=address)
    return MediaContent(kind="image", origin="file", value=address)


def _before_input(text: str, rest: deque[TemplatePart]) -> Iterator[TemplatePart | MediaContent]:
    """A text, and the input that follows it as an image if it is between `![alt](` and `)`."""
    match = _BEFORE_INPUT.search(text)
    following, closing = (*islice(rest, 2), None, None)[:2]
    if (
        match is None
        or not isinstance(following, ExpressionPart)
        or not following.source.isidentifier()
        or not isinstance(closing, TextPart)
        or not closing.text.startswith(")")
    ):
        yield TextPart(text)
        return
    rest.popleft()
    rest[0] = TextPart(closing.text[1:])
    yield TextPart(text[: match.start()])
    yield MediaContent(kind="image", origin="input", value=following.source)


# Lists of messages as the APIs of providers take them.

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    **{role: role for role in ("system", "developer", "user", "assistant", "tool")},
}
_OF_MESSAGES = ("role", "content", "name", "tool_calls", "tool_call_id", "type")
_VARIABLE = lazy_pattern(r"\{\{\s*([\w-]+)\s*\}\}")
_TEXTS = ("text", "input_text", "output_text")


def chat_turns(
    document: Document,
    pointer: str,
    options: ReadOptions,
    names: InputNames,
    *,
    losses: list[Loss],
    syntax: str | None = None,
) -> tuple[SourceTurn, ...]:
    """The messages of the list at a pointer; adds what is lost to `losses`.

    Texts are templates: of `syntax` or, without one, with `{{name}}` as inputs.
    """

    def read(_text: str, at: str) -> tuple[TemplatePart, ...]:
        found = translated(document.template(at), options, names, syntax or "double")
        losses.extend(found.losses)
        return found.parts

    reader = ChatReader(read=read, place=document.place, names=names, losses=losses)
    listed = value_at(document.value, pointer)
    found = [
        reader.turn(item, f"{pointer}/{index}")
        for index, item in enumerate(listed if isinstance(listed, list) else ())
    ]
    return tuple(turn for turn in found if turn is not None)


class ChatReader:
    """One list of messages."""

    def __init__(
        self,
        *,
        read: Callable[[str, str], tuple[TemplatePart, ...]],
        place: Callable[[str], Place],
        names: InputNames,
        losses: list[Loss],
    ) -> None:
        """Adds what is lost to `losses`.

        Args:
            read: The parts of a text with a JSON pointer.
            place: Of a JSON pointer.
        """
        self._read = read
        self._place = place
        self._names = names
        self._losses = losses

    def turn(self, item: Any, pointer: str) -> SourceTurn | None:
        """One message; None for one that is not carried."""
        if not isinstance(item, Mapping):
            self._refused("IMP101", "a message is not an object", pointer)
            return None
        if item.get("type") == "placeholder" and isinstance(item.get("name"), str):
            self._lost("IMP302", f"`{item['name']}` is the caller's conversation", pointer)
            return SourceHistory(source=self._names.name(item["name"]))
        role = _ROLES.get(str(item.get("role", "")).lower())
        if role is None:
            self._refused("IMP101", f"the role `{item.get('role')}` does not exist", pointer)
            return None
        for key, value in item.items():
            if key not in _OF_MESSAGES and value is not None:
                self._lost("IMP114", f"`{key}` of a message is not carried", f"{pointer}/{key}")
        return SourceMessage(
            role=role,
            content=self._content(item.get("content"), f"{pointer}/content"),
            fields=self._fields(item, pointer),
        )

    def _content(self, content: Any, pointer: str) -> tuple[TextContent | MediaContent, ...]:
        if isinstance(content, str):
            return (self._text(content, pointer),)
        if not isinstance(content, list):
            if content is not None:
                message = "the content of a message is neither a text nor a list: it is not carried"
                self._lost("IMP114", message, pointer)
            return ()
        found = [self._part(part, f"{pointer}/{index}") for index, part in enumerate(content)]
        return tuple(part for part in found if part is not None)

    def _text(self, text: str, pointer: str) -> TextContent:
        return TextContent(parts=self._read(text, pointer))

    def _part(self, part: Any, pointer: str) -> TextContent | MediaContent | None:
        if isinstance(part, str):
            return self._text(part, pointer)
        if not isinstance(part, Mapping):
            message = "a part that is neither a text nor an object is not carried"
            self._lost("IMP114", message, pointer)
            return None
        if part.get("type", "text") in _TEXTS and isinstance(part.get("text"), str):
            return self._text(part["text"], f"{pointer}/text")
        if part.get("type") in ("image_url", "input_image", "image"):
            return self._image(part, pointer)
        return self._other(part, pointer)

    def _other(self, part: Mapping[str, Any], pointer: str) -> MediaContent | None:
        """A sound or a document."""
        kind = str(part.get("type"))
        given = part.get(kind)
        inner: Mapping[str, Any] = given if isinstance(given, Mapping) else part
        sound, encoding, document = map(inner.get, ("data", "format", "file_data"))
        if kind == "input_audio" and isinstance(sound, str) and isinstance(encoding, str):
            address = sound if "{{" in sound else f"data:audio/{encoding};base64,{sound}"
            return self._media("audio", address, pointer)
        if kind in ("file", "input_file") and isinstance(document, str):
            return self._media("document", document, pointer)
        self._lost("IMP105", f"a part of type `{kind}` is not carried", pointer)
        return None

    def _image(self, part: Mapping[str, Any], pointer: str) -> MediaContent | None:
        given = part.get("image_url", part.get("source"))
        url = given.get("url", given.get("data")) if isinstance(given, Mapping) else given
        detail = given.get("detail") if isinstance(given, Mapping) else part.get("detail")
        if not isinstance(url, str):
            self._lost("IMP105", "an image without an address is not carried", pointer)
            return None
        return self._media("image", url, pointer, detail)

    def _media(
        self, kind: MediaKind, address: str, pointer: str, detail: Any = None
    ) -> MediaContent | None:
        variable = _VARIABLE.fullmatch(address.strip())
        if variable is not None:
            name = self._names.name(variable[1])
            return MediaContent(kind=kind, origin="input", value=name, detail=detail)
        if "{{" in address:
            self._lost("IMP105", f"the {kind} has a variable in its address", pointer)
            return None
        return MediaContent(kind=kind, origin="url", value=address, detail=detail)

    def _fields(self, item: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if isinstance(item.get("name"), str) and item.get("role") != "function":
            fields["name"] = item["name"]
        if isinstance(item.get("tool_call_id"), str):
            fields["tool_call_id"] = item["tool_call_id"]
        calls = item.get("tool_calls")
        if isinstance(calls, list):
            read = (
                self._call(call, f"{pointer}/tool_calls/{index}")
                for index, call in enumerate(calls)
            )
            found = [call for call in read if call is not None]
            if found:
                fields["tool_calls"] = found
        return fields

    def _call(self, call: Any, pointer: str) -> dict[str, Any] | None:
        function = call.get("function") if isinstance(call, Mapping) else None
        arguments = function.get("arguments") if isinstance(function, Mapping) else None
        try:
            parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(function, Mapping) or not isinstance(parsed, dict):
            self._lost("IMP106", "a call of a tool can't be read", pointer)
            return None
        return {"id": call.get("id", "call"), "name": function.get("name"), "arguments": parsed}

    def _refused(self, code: str, message: str, pointer: str) -> None:
        loss = Loss(code=code, message=message, place=self._place(pointer), refuses=True)
        self._losses.append(loss)

    def _lost(self, code: str, message: str, pointer: str) -> None:
        loss = Loss(code=code, message=message, place=self._place(pointer))
        if loss not in self._losses:
            self._losses.append(loss)
