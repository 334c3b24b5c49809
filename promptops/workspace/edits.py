"""A workspace with changed files, edits of files, and the requests that a change affects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import FileTree
from promptops.model.finding import Edit, edits_by_path
from promptops.model.prompt import Prompt
from promptops.records import field, record, replace
from promptops.repo.repository import WORKTREE
from promptops.repo.tree import TreeEntry
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True)
class ChangedTree:
    """A tree in which some files are new, or have another content or another path.

    Attributes:
        contents: By the path in this tree; the content of each differs from that in `below`, if
            the file exists there.
        moves: From paths in `below` to paths in this tree.
    """

    below: FileTree
    contents: Mapping[str, bytes]
    moves: Mapping[str, str] = field(default_factory=dict)
    revision: str = WORKTREE
    entries: Mapping[str, TreeEntry] = field(init=False)

    def __post_init__(self) -> None:
        found = {}
        for path, entry in self.below.entries.items():
            new = self.moves.get(path, path)
            found[new] = entry if new == path else replace(entry, path=new)
        for path, data in self.contents.items():
            entry = found.get(path, TreeEntry(path, "", tracked=False))
            found[path] = replace(entry, blob=f"changed {hash(data)}")
        object.__setattr__(self, "entries", found)

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        wanted = list(paths)
        before = {new: old for old, new in self.moves.items()}
        below = {before.get(path, path): path for path in wanted if path not in self.contents}
        found = {below[path]: data for path, data in self.below.read(below).items()}
        return found | {path: self.contents[path] for path in wanted if path in self.contents}


def with_changes(
    workspace: Workspace, contents: Mapping[str, bytes], moves: Mapping[str, str] | None = None
) -> Workspace:
    """The workspace with changed files; see `ChangedTree`."""
    tree = ChangedTree(workspace.catalog.files.tree, contents, moves or {})
    known = workspace.catalog.graph.facts
    state = workspace.catalog.surroundings().state
    releases = workspace.catalog.releases
    catalog = Catalog(tree, workspace.config, state, known=lambda: known, releases=releases)
    return replace(workspace, catalog=catalog)


# Edits: spans of files are replaced, every other byte stays as it is


def edited_contents(catalog: Catalog, edits: Iterable[Edit]) -> dict[str, bytes]:
    """The new content of each file that some edits change, by path."""
    return {
        path: apply_edits(catalog.files.data(path) or b"", own)
        for path, own in edits_by_path(edits).items()
    }


def apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes:
    """A file with some spans replaced; line endings and everything else are unchanged.

    The spans do not overlap.
    """
    text = data.decode("utf-8", "surrogateescape")
    starts = [match.end() for match in re.finditer(r"^\ufeff?|\r\n?|\n", text)]
    newline = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=edit_start, reverse=True):
        low, high = (_offset(text, starts, *at) for at in (edit_start(edit), edit_end(edit)))
        text = text[:low] + edit.text.replace("\n", newline) + text[high:]
    return text.encode("utf-8", "surrogateescape")


def edit_start(edit: Edit) -> tuple[int, int]:
    """Line and column of the first replaced character, 1-based."""
    return edit.place.line, edit.place.column


def edit_end(edit: Edit) -> tuple[int, int]:
    """Line and column after the last replaced character, 1-based."""
    return edit.place.end_line, edit.place.end_column


def _offset(text: str, starts: Sequence[int], line: int, column: int) -> int:
    return min(starts[line - 1] + column - 1, len(text)) if line <= len(starts) else len(text)


# The rendered requests of the cases of a prompt, to compare two catalogs


@record(frozen=True, slots=True)
class CaseRequest:
    """The request of a case: its digest, or the message of the error that prevents it."""

    digest: str
    error: str = ""


def request_digests(catalog: Catalog, path: str) -> list[str] | None:
    """The digest of each request of a prompt file; None if it can't be read.

    Without the messages of errors, which contain names that a rename changes.
    """
    prompt = catalog.loaded(path).prompt
    return None if prompt is None else [each.digest for each in case_requests(catalog, prompt)]


def case_requests(catalog: Catalog, prompt: Prompt) -> Iterator[CaseRequest]:
    """The request of each case in order; only an error if no case can be rendered."""
    try:
        renderer = Renderer(prompt, catalog.load, catalog.files.data)
    except RenderError as error:
        yield CaseRequest("", error.message)
        return
    for case in prompt.cases:
        try:
            yield CaseRequest(request_digest(renderer.request(case.inputs)))
        except RenderError as error:
            yield CaseRequest("", error.message)
