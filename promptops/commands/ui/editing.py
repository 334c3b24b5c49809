"""Edits that are not saved: the texts of a prompt, and the files that they change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.commands.lint.live import Live
from promptops.commands.ui.records import UiText
from promptops.errors import InputError, UsageError
from promptops.json_pointer import NO_VALUE, value_at
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Message, Prompt, TextPart, messages_of
from promptops.records import record, replace
from promptops.repo.worktree import WorkTree
from promptops.source.scalar_edits import with_scalar, with_text

_BOM = "\ufeff"


class NotEditable(UsageError):
    """A text that can't be edited here; the message is the reason."""


@record(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a file gets another content.

    Attributes:
        prompt: The id of the prompt that is edited.
        case: The name of the test case that is added, if any.
        answers: The number of recorded answers that are added.
    """

    prompt: str
    case: str | None = None
    answers: int = 0


@record(frozen=True, slots=True, kw_only=True)
class Edit:
    """The edits of one file.

    Attributes:
        before: Its content before the first edit, as it was read; it may differ on disk by then.
            None for a new file.
        after: With the edits.
        prompts: The ids of the edited prompts.
        cases: The names of the added test cases.
        answers: The number of added recorded answers.
    """

    before: bytes | None
    after: bytes
    prompts: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    answers: int = 0

    def edited(self, after: bytes, reason: Reason) -> Edit:
        """The same with one more edit."""
        case = () if reason.case is None else (reason.case,)
        return replace(
            self,
            after=after,
            prompts=tuple(dict.fromkeys((*self.prompts, reason.prompt))),
            cases=(*self.cases, *case),
            answers=reason.answers,
        )


class Edits:
    """The unsaved edits of a repository that is open; used by one thread."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._edits: dict[str, Edit] = {}

    @property
    def pending(self) -> Mapping[str, Edit]:
        """The edits by path, in the order of the first edit of each file."""
        return self._edits

    @property
    def contents(self) -> dict[str, bytes]:
        """The new content of each edited file, by path."""
        return {path: each.after for path, each in self._edits.items()}

    def put(self, path: str, after: bytes, reason: Reason) -> None:
        """Give a file another content, computed from the one in the catalog.

        Its content without edits is an edit only if it has answers that are not committed.

        Raises InputError for what is neither a file on disk that promptops reads nor a new one: a
        link, a file below a link, one that is outside of the sparse checkout.
        """
        known = self._edits.get(path) or Edit(before=self._as_read(path), after=b"")
        if after == known.before and not reason.answers:
            self.forget(path)
            return
        self._edits[path] = known.edited(after, reason)
        self._live.put(path, after.decode("utf-8"))

    def forget(self, path: str) -> None:
        """Use the content on disk again."""
        if self._edits.pop(path, None) is not None:
            self._live.put(path, None)

    def before(self, path: str) -> bytes | None:
        """The content without edits, as it was read; None for what is not a file."""
        known = self._edits.get(path)
        return known.before if known is not None else self._live.catalog.files.data(path)

    def is_outdated(self, path: str) -> bool:
        """Whether an edited file is neither as it was before the edits nor as it is with them."""
        edit, disk = self._edits[path], self.on_disk(path)
        is_taken = disk is None and os.path.lexists(self._live.root / path)
        return is_taken or disk not in (edit.before, edit.after)

    def on_disk(self, path: str) -> bytes | None:
        """What is on disk now; None for a link and for what is not a file."""
        return self._disk().read(path)

    def _as_read(self, path: str) -> bytes | None:
        """The content in the catalog: if the file is another one by now, saving is a conflict.

        None for a file that does not exist.
        """
        files, disk, data = self._live.catalog.files, self._disk(), None
        if self._live.manages(path) and disk.holds(path):
            if path not in files.entries and not os.path.lexists(self._live.root / path):
                return None
            data = files.data(path)
        if data is None or disk.read(path) is None:
            raise InputError("not a file on disk, so it can't be edited", where=path)
        return data

    def _disk(self) -> WorkTree:
        """Anew: a folder may be a link by now."""
        return WorkTree(self._live.root, self._live.workspace.repository.object_format)


def texts_of(catalog: Catalog, loaded: LoadedPrompt, closed: str) -> Iterator[UiText]:
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


def edited(catalog: Catalog, text: UiText, new: str, origin: bytes | None) -> bytes:
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
) -> UiText:
    value = part.text.value.removeprefix(_BOM)
    when = part.when or message.when
    is_file = _has_own_file(catalog, prompt, part)
    return UiText(
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
