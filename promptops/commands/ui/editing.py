"""Edits that are not saved, and the files that they change."""

from __future__ import annotations

import os
from collections.abc import Mapping

from promptops.commands.lint.live import Live
from promptops.errors import InputError
from promptops.records import record, replace
from promptops.repo.worktree import WorkTree


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
