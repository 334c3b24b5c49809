"""Accepted findings: the baseline file, and comments that the base of a change has, too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError, os_reason
from promptops.lint.suppressions import Counts, Suppression
from promptops.model.finding import Finding
from promptops.model.place import Place
from promptops.model.report import Risk, SilencingComment
from promptops.repo.repository import WORKTREE
from promptops.repo.tree import IndexTree
from promptops.source.paths import confined
from promptops.workspace.workspace import DEFAULT_BASELINE, Workspace


def baseline_path(workspace: Workspace) -> str:
    """The path of the baseline, relative to the repository root; InputError if it is outside."""
    written = workspace.config.lint.baseline or DEFAULT_BASELINE
    path = confined(written, "")
    if path.reason:
        where = workspace.config.path
        raise InputError(f"`{written}` can't be the baseline: {path.reason}", where=where)
    return path.path


def read_baseline(workspace: Workspace, revision: str | None = None) -> frozenset[str]:
    """The fingerprints of a revision's baseline; empty if there is no file.

    Reads the revision that is checked, unless another one is given. Raises InputError for a file
    that is not a baseline.
    """
    path = baseline_path(workspace)
    data = baseline_data(workspace, revision or workspace.revision)
    if data is None and workspace.config.lint.baseline is not None:
        hint = "write it with `promptops lint --write-baseline`"
        at = f"{revision[:12]}:{path}" if revision else path
        raise InputError("there is no baseline", where=at, hint=hint)
    if data is None:
        return frozenset()
    try:
        value = json.loads(data)
        return frozenset(entry["fingerprint"] for entry in value["findings"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            "not a baseline of promptops", where=path, hint="write it again: --write-baseline"
        ) from None


def baseline_data(workspace: Workspace, revision: str) -> bytes | None:
    """The content of the file at a revision, or None."""
    path = baseline_path(workspace)
    tree = workspace.catalog.files.tree
    if revision == workspace.revision and isinstance(tree, IndexTree) and tree.lists_beside(path):
        return tree.read_beside(path)
    return workspace.repository.tree(revision, under=(path,)).read((path,)).get(path)


def write_baseline(workspace: Workspace, findings: Iterable[Finding]) -> int:
    """Write the baseline into the work tree; returns the number of findings in it.

    Raises UsageError for another revision than the work tree.
    """
    if workspace.revision != WORKTREE:
        raise UsageError(
            "a baseline is written from the work tree", hint="leave out --at and --staged"
        )
    entries = [
        {"fingerprint": f.fingerprint, "code": f.code, "path": f.place.path, "message": f.message}
        for f in findings
    ]
    entries.sort(key=lambda entry: (entry["path"], entry["code"], entry["fingerprint"]))
    text = json.dumps({"schema": 1, "findings": entries}, indent=2, ensure_ascii=False)
    _replace(workspace, baseline_path(workspace), text + "\n")
    return len(entries)


def _replace(workspace: Workspace, path: str, text: str) -> None:
    """Write a file of the work tree, without following links."""
    root = os.path.realpath(workspace.repository.root)
    target = os.path.join(root, path)
    if os.path.realpath(target) != os.path.normpath(target):
        raise InputError("the baseline is a symbolic link", where=path, hint="remove it")
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=path) from None


SECURITY = "SEC"
"""The code prefix of the security rules."""

Before = Callable[[str], bytes | None]
"""From a path to the content of the file at the base; None if the base has no such file."""


def comment_risks(
    comments: Iterable[SilencingComment], catalog: Catalog, before: Before
) -> Iterator[Risk]:
    """Each comment that the base does not have; of the others, each finding on a new line."""
    known = _BaseLines(catalog, before)
    for comment in comments:
        codes = " and ".join(f"`{code}`" for code in comment.codes)
        prompt = catalog.id_of(comment.place.path) or ""
        if not known.has_words(comment.place):
            message = f"a new comment silences {codes}: {comment.reason}"
            yield Risk(message=message, prompt=prompt, place=comment.place)
            continue
        for finding in comment.silenced:
            if not known.has_line(finding.place):
                message = f"an existing comment silences `{finding.code}` in new text"
                yield Risk(message=message, prompt=prompt, place=finding.place)


def known_comments(catalog: Catalog, before: Before) -> Counts:
    """Whether a comment counts in an untrusted change.

    It silences a security rule only if the base has both the comment and the line of the
    finding.
    """
    known = _BaseLines(catalog, before)

    def counts(comment: Suppression, finding: Finding) -> bool:
        if not finding.code.startswith(SECURITY):
            return True
        return known.has_words(comment.place) and known.has_line(finding.place)

    return counts


class _BaseLines:
    """The lines of the base's files; compared without surrounding white space."""

    def __init__(self, catalog: Catalog, before: Before) -> None:
        self._catalog = catalog
        self._lines = cache(lambda path: _lines(before(path)))
        self._text = cache(lambda path: "\n".join(self._lines(path)))

    def has_words(self, place: Place) -> bool:
        """Whether any line of the file contains the text at a place."""
        line = self._catalog.line(place.path, place.line)
        words = line[place.column - 1 : place.end_column - 1].strip()
        return words in self._text(place.path)

    def has_line(self, place: Place) -> bool:
        line = self._catalog.line(place.path, place.line).strip()
        return line in self._lines(place.path)


def _lines(data: bytes | None) -> frozenset[str]:
    text = (data or b"").decode("utf-8", "replace")
    return frozenset(line.strip() for line in text.splitlines())
