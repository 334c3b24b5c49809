"""The texts of the messages of a prompt, and its files with another text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError
from promptops.json_pointer import NO_VALUE, value_at
from promptops.model.editable_text import EditableText
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Message, Prompt, TextPart, messages_of
from promptops.source.scalar_edits import with_scalar, with_text

_BOM = "\ufeff"


class NotEditable(UsageError):
    """A text that can't be edited here; the message is the reason."""


def texts_of(catalog: Catalog, loaded: LoadedPrompt, closed: str) -> Iterator[EditableText]:
    """The texts of the messages of a prompt that can be read.

    Args:
        closed: Why nothing can be edited, or "".
    """
    prompt = loaded.prompt
    assert prompt is not None
    own = catalog.document(loaded.path)
    for message in messages_of(prompt.messages):
        parts = [part for part in message.parts if isinstance(part, TextPart)]
        for part in parts:
            reason = closed or _foreign(catalog, prompt, part.at) or _lost(catalog, prompt, part)
            yield _text(catalog, prompt, message, part, reason)
        at = f"{message.at}/content"
        if message.plain and not parts and value_at(own.value, at, NO_VALUE) == "":
            # A text that was emptied is no part of the message, but keeps its box.
            yield _text(catalog, prompt, message, TextPart(text=own.template(at), at=at), closed)


def edited(catalog: Catalog, text: EditableText, new: str, origin: bytes | None) -> bytes:
    """The content of the file of a text with another text.

    Args:
        origin: The file before earlier edits, if there were any.

    Raises NotEditable, and InputError if the file allows no such change.
    """
    if not text.editable:
        raise NotEditable(text.reason, where=text.path)
    data = catalog.files.data(text.path)
    if data is None:
        raise InputError("there is no such file", where=text.path)
    lines = with_lf(new)
    if text.kind == "file":
        return with_text(text.path, data, lines)
    return with_scalar(text.path, data, text.at, lines, origin)


def with_lf(text: str) -> str:
    """The text with LF as newline, which is what a box shows."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(
    catalog: Catalog, prompt: Prompt, message: Message, part: TextPart, reason: str
) -> EditableText:
    value = part.text.value.removeprefix(_BOM)
    when = part.when or message.when
    is_file = _has_own_file(catalog, prompt, part)
    return EditableText(
        at=part.at,
        role=message.role,
        kind="file" if is_file else "text",
        path=part.text.path,
        when=when.value if when is not None else None,
        text=value,
        starts=tuple(part.text.locate(offset) for offset in _line_starts(part.text.value)),
        editable=not reason,
        reason=reason,
    )


def _has_own_file(catalog: Catalog, prompt: Prompt, part: TextPart) -> bool:
    """Whether the prompt file, or the one that it extends, names a file for a text."""
    holder = catalog.document(prompt.locate(part.at, False).path)
    return isinstance(value_at(holder.value, part.at), Mapping)


def _lost(catalog: Catalog, prompt: Prompt, part: TextPart) -> str:
    """Why the file of a text can't be edited, or ""; without it, the text is an empty one."""
    if part.text.path != prompt.path or not _has_own_file(catalog, prompt, part):
        return ""
    return "the file of this text can't be read"


def _foreign(catalog: Catalog, prompt: Prompt, at: str) -> str:
    """Why a text belongs to another prompt, or ""."""
    if value_at(catalog.document(prompt.path).value, at, NO_VALUE) is not NO_VALUE:
        return ""
    path = prompt.locate(at, False).path
    return f"this text comes from the prompt {catalog.id_of(path) or path}: edit it there"


def _line_starts(text: str) -> Iterator[int]:
    yield 0
    yield from (offset + 1 for offset, char in enumerate(text) if char == "\n")
