"""The catalogs of a branch's commits, each derived from the next newer one.

Git lists the files of the newest commit and the changes of each earlier one: two processes for a
history of any length. The changes of a commit are undone in the list; only files that are used are
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.jobs.workspace.config_files import config_files
from promptops.jobs.workspace.graph_cache import read_graph
from promptops.jobs.workspace.workspace import configuration, managed_paths
from promptops.model.config import Config
from promptops.model.tree import TreeEntry
from promptops.records import record
from promptops.repo.blobs import Blobs
from promptops.repo.process import records
from promptops.repo.repository import Repository
from promptops.repo.tree import Tree, below, kind_of
from promptops.source.config import FILES, load


@record(frozen=True, slots=True, kw_only=True)
class CatalogStep:
    """A commit that changed a relevant file.

    Attributes:
        before: The catalog of its first parent; empty for a root commit.
        after: The catalog of the commit, or of a later one with the same relevant files.
    """

    commit: Commit
    before: Catalog
    after: Catalog


class BranchHistory:
    """A branch, read backwards from its newest commit.

    Attributes:
        catalog: The catalog of the current step.
        cut: The steps ended because the clone is shallow.
        notes: Problems that were found, for the user.
    """

    def __init__(self, repository: Repository, commit: str, overrides: Sequence[str] = ()) -> None:
        """Raises InputError if the configuration of the newest commit is invalid."""
        self.cut = False
        self.notes: list[str] = []
        self._repository = repository
        self._overrides = overrides
        self._edge = _edge(repository)
        self._blobs = Blobs(repository.git)
        self._known = cache(lambda: read_graph(repository.common_dir))
        self._next: str | None = commit
        config = configuration(repository, commit, overrides)
        self._entries = self._entries_at(commit, config)
        self.catalog = self._catalog(commit, config)

    def steps(self, deciding: Callable[[Catalog], frozenset[str]]) -> Iterator[CatalogStep]:
        """Steps back through the commits that changed relevant files, newest first.

        Args:
            deciding: The relevant paths in a catalog; called again after each step.
        """
        while self._next is not None:
            roots = managed_paths(self.catalog.config)
            yield from self._below(roots, deciding)
            if self.cut or managed_paths(self.catalog.config) == roots:
                return

    def close(self) -> None:
        """End the process that reads files."""
        self._blobs.close()

    def _below(
        self, roots: tuple[str, ...], deciding: Callable[[Catalog], frozenset[str]]
    ) -> Iterator[CatalogStep]:
        """Steps until the configuration names other roots than those passed to git."""
        assert self._next is not None
        wanted = deciding(self.catalog)
        for commit in commits(self._repository, self._next, roots):
            if commit.id in self._edge:
                self.cut = True
                return
            self._undo(commit)
            changed = wanted.intersection(commit.before)
            step = self._step(commit) if changed else None
            if step is None or (changed <= _CONFIGURATION and _are_one(step)):
                continue
            self.catalog = step.before
            yield step
            if managed_paths(self.catalog.config) != roots:
                return
            wanted = deciding(self.catalog)

    def _undo(self, commit: Commit) -> None:
        for path, entry in commit.before.items():
            if entry is None:
                self._entries.pop(path, None)
            else:
                self._entries[path] = entry
        self._next = commit.parent

    def _step(self, commit: Commit) -> CatalogStep:
        revision, config = commit.parent or "", self.catalog.config
        if _CONFIGURATION.intersection(commit.before):
            config = self._configuration(revision, config)
        if commit.parent and managed_paths(config) != managed_paths(self.catalog.config):
            self._entries = self._entries_at(commit.parent, config)
        return CatalogStep(
            commit=commit, before=self._catalog(revision, config), after=self.catalog
        )

    def _configuration(self, revision: str, newer: Config) -> Config:
        """The configuration of a commit; if it is invalid, that of the next newer commit."""
        try:
            return load(config_files(self._tree(revision)), self._overrides)
        except InputError as error:
            self.notes.append(
                f"{revision[:12]}: {error.where}: {error.message}; "
                "the configuration of the next commit is used instead"
            )
            return newer

    def _entries_at(self, commit: str, config: Config) -> dict[str, TreeEntry]:
        return dict(self._repository.stored(commit, managed_paths(config)).entries)

    def _catalog(self, revision: str, config: Config) -> Catalog:
        return Catalog(self._tree(revision), config, known=self._known)

    def _tree(self, revision: str) -> Tree:
        entries = dict(self._entries)
        return Tree(revision, lambda: entries, self._read)

    def _read(self, wanted: Iterable[TreeEntry]) -> dict[str, bytes]:
        wanted = list(wanted)
        contents = self._blobs.read({entry.blob: entry.path for entry in wanted})
        return {entry.path: contents[entry.blob] for entry in wanted}


_CONFIGURATION = frozenset(FILES)


def _are_one(step: CatalogStep) -> bool:
    """Whether two configurations are equal: most changes of a pyproject.toml are unrelated."""
    return step.before.config == step.after.config


def _edge(repository: Repository) -> frozenset[str]:
    """The commits of a shallow clone without parents, which seem to have added everything."""
    if not repository.shallow:
        return frozenset()
    return frozenset((repository.common_dir / "shallow").read_text("ascii", "replace").split())


PAGE = 2000
"""Commits per git process."""

_FORMAT = "--format=commit %H%x00%P%x00%aN%x00%aI%x00%cs%x00%s"
_LINE = ("--first-parent", "--diff-merges=first-parent", "--raw", "-z", "--no-abbrev")
_PLAIN = ("--no-renames", "--no-color", "--no-show-signature", "--encoding=UTF-8")


@record(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, and the state of its files before it.

    Attributes:
        parent: The id of the first parent, which a merge is compared with; None for a root commit.
        written: Author date, in ISO 8601.
        day: Committer date.
        before: The earlier state of each changed file, by path; None if it did not exist.
    """

    id: str
    parent: str | None
    author: str
    written: str
    day: date
    subject: str
    before: Mapping[str, TreeEntry | None]


def commits(repository: Repository, start: str, under: Sequence[str]) -> Iterator[Commit]:
    """The commits from `start` back along first parents, if they changed a file below `under`."""
    following: str | None = start
    while following is not None:
        page = list(_page(repository, following, under))
        yield from page
        following = page[-1].parent if len(page) == PAGE else None


def _page(repository: Repository, start: str, under: Sequence[str]) -> Iterator[Commit]:
    options = (*_LINE, *_PLAIN, _FORMAT, f"--max-count={PAGE}")
    # `log.showRoot` of the user decides whether the first commit shows its files.
    output = repository.git.run(
        "-c", "log.showRoot=true", "log", *options, start, "--", *below(under)
    )
    words = records(output)
    at = 0
    while at < len(words):
        identity, parents, author, written, day, subject = words[at : at + 6]
        at += 6
        before: dict[str, TreeEntry | None] = {}
        while at < len(words) and words[at].lstrip("\n").startswith(":"):
            before |= _undone(words[at].lstrip("\n"), words[at + 1])
            at += 2
        yield Commit(
            id=identity.removeprefix("commit "),
            parent=parents.partition(" ")[0] or None,
            author=author,
            written=written,
            day=_day(day),
            subject=subject,
            before=before,
        )


def _undone(facts: str, path: str) -> dict[str, TreeEntry | None]:
    """The undone change of `:MODE MODE ID ID STATUS`; nothing if only the permission differs."""
    mode, new_mode, blob, new_blob, _ = facts[1:].split(" ")
    if not mode.strip("0"):
        return {path: None}
    if blob == new_blob and kind_of(mode) == kind_of(new_mode):
        return {}
    return {path: TreeEntry(path, blob, kind_of(mode))}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:  # the committer's clock was wrong by thousands of years
        return date.max
