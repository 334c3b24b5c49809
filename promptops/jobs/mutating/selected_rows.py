"""The rows of a run: one for each selected prompt, and for each partial that several share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from promptops.catalog.files import Files
from promptops.jobs.mutating.rows import RowTrials
from promptops.jobs.mutating.sources import Source, is_shared_with_others, sources_of
from promptops.jobs.mutating.tested_prompt import TestedPrompt
from promptops.jobs.workspace.workspace import Workspace, workspace_at
from promptops.lint.pipeline import suppressions_of
from promptops.lint.rule_names import MUTANTS, is_named
from promptops.lint.suppressions import Suppression
from promptops.model.loaded import LoadedPrompt
from promptops.model.mutant import Operator
from promptops.model.place import Place
from promptops.records import field, record


class SelectedRows:
    """Breaks the selected prompts row by row.

    Attributes:
        left_out: The partials that are left out, because prompts that are not selected use them.
    """

    def __init__(
        self,
        workspace: Workspace,
        loaded: Sequence[LoadedPrompt],
        operators: Sequence[Operator],
        base: str | None,
    ) -> None:
        """`base` is the commit that changed lines are compared with; None for none."""
        self._catalog = workspace.catalog
        self._operators = operators
        self._everything = len(loaded) == len(workspace.catalog.prompt_files)
        self._comments: dict[str, set[Suppression]] = defaultdict(set)
        for prompt_file in loaded:
            for comment in suppressions_of(self._catalog, prompt_file):
                if comment.reason and is_named(comment.codes, *MUTANTS):
                    self._comments[comment.place.path].add(comment)
        self._changed: ChangedLines | None = None
        if base is not None:
            before = workspace_at(workspace.repository, base).catalog
            self._changed = ChangedLines(before.files, self._catalog.files)
        self._rows: dict[str, RowTrials] = {}
        self.left_out: list[str] = []

    def tried(self, tested: Sequence[TestedPrompt]) -> list[RowTrials]:
        """All rows, with every mutant tried."""
        for prompt in tested:
            name, path = prompt.prompt.id, prompt.prompt.path
            self._rows[path] = self._row(name, path, partial=False)
        for source in sources_of(self._catalog, tested):
            row = self._row_of(source)
            if row is not None:
                row.add_text(source)
        for prompt in tested:
            self._rows[prompt.prompt.path].add_prompt(prompt)
        return list(self._rows.values())

    def _row_of(self, source: Source) -> RowTrials | None:
        """The row of a text; None if it belongs to a prompt that is not selected."""
        path = source.text.path
        if not source.whole:
            return self._rows.get(path)
        if not self._everything and is_shared_with_others(self._catalog, path, source.users):
            self.left_out.append(path)
            return None
        if len(source.users) == 1:
            return self._rows[source.users[0].prompt.path]
        if path not in self._rows:
            self._rows[path] = self._row(path, path, partial=True)
        return self._rows[path]

    def _row(self, name: str, path: str, *, partial: bool) -> RowTrials:
        return RowTrials(
            name=name,
            place=Place(path),
            partial=partial,
            catalog=self._catalog,
            operators=self._operators,
            is_ignored=self._is_ignored,
            is_changed=lambda place: self._changed is not None and self._changed.cover(place),
        )

    def _is_ignored(self, place: Place) -> bool:
        comments = self._comments.get(place.path, ())
        return any(comment.covers(place.line) for comment in comments)


# The lines that a change adds or replaces.


@record(slots=True)
class ChangedLines:
    """The changed lines of files between a base and a head, each file compared once."""

    base: Files
    head: Files
    _lines: dict[str, frozenset[int]] = field(default_factory=dict)

    def cover(self, place: Place) -> bool:
        """Whether any line of a place is new or was changed."""
        if place.path not in self._lines:
            before, after = (_read(side.data, place.path) for side in (self.base, self.head))
            self._lines[place.path] = frozenset(changed_lines(before, after))
        lines = range(place.line, max(place.end_line, place.line) + 1)
        return not self._lines[place.path].isdisjoint(lines)


def _read(data: Callable[[str], bytes | None], path: str) -> list[str]:
    return (data(path) or b"").decode("utf-8", "replace").replace("\r\n", "\n").split("\n")


def changed_lines(before: list[str], after: list[str]) -> set[int]:
    """The 1-based numbers of the lines of `after` that `before` lacks at their place."""
    changed: set[int] = set()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            changed |= set(range(start + 1, end + 1))
    return changed
