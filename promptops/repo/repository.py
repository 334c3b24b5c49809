"""A repository: queries to git with plain results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from promptops.errors import GitError
from promptops.model.tree import Changed, TreeEntry
from promptops.records import field, record
from promptops.repo import revisions
from promptops.repo.blobs import Blobs
from promptops.repo.process import Git, decode, inherited_environment, records
from promptops.repo.staged import RAW, Staged
from promptops.repo.tree import (
    INDEX,
    WORKTREE,
    Tree,
    below,
    commit_tree,
    compare,
    index_tree,
    kind_of,
)

if TYPE_CHECKING:
    from promptops.repo.attributes import Values
    from promptops.repo.disk_tree import DiskTree

__all__ = ["INDEX", "WORKTREE", "Repository"]

EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


@record(frozen=True, slots=True, kw_only=True)
class Repository:
    """One repository; a context manager, since reading keeps a git process alive.

    Attributes:
        root: Of the work tree, or git's own directory where there is none.
        git_dir: Git's directory of this work tree.
        common_dir: Git's directory shared by all linked work trees.
        bare: Without a work tree, or entered through git's own directory.
        object_format: sha1 or sha256.
        git: The git program in the root.
        directory: Where it was opened, absolute: paths on a command line are relative to it.
        staged: What a hook found before it was opened, or None. The index is then believed not to
            change, as in a hook.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    bare: bool
    shallow: bool
    object_format: str
    git: Git = field(repr=False)
    directory: Path
    _blobs: Blobs = field(repr=False)
    staged: Staged | None = field(default=None, repr=False)
    _commits: set[str] = field(default_factory=set, repr=False)
    """The ids of commits that were found: what a whole id means does not change."""

    @classmethod
    def open(
        cls,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        staged: Staged | None = None,
    ) -> Repository:
        """The repository that `directory` lies in, or that GIT_DIR names.

        Args:
            environment: For git; `process.foreign_environment()` for any repository but the one a
                hook may be running in, whose environment is inherited.

        Raises:
            GitError: There is none, or git refuses to enter it.
        """
        git = Git(directory.absolute(), environment or inherited_environment())
        return cls._from_answer(git, staged)

    @classmethod
    def _from_answer(cls, git: Git, staged: Staged | None) -> Repository:
        facts = ("--is-bare-repository", "--is-shallow-repository", "--show-object-format")
        paths = ("--path-format=absolute", "--absolute-git-dir", "--git-common-dir")
        answer = git.ask("rev-parse", *facts, *paths, "--show-toplevel")
        lines = decode(answer.stdout).splitlines()
        if len(lines) not in (5, 6) or (answer.status and len(lines) == 6):
            raise git.error(answer)
        bare = len(lines) == 5  # the last question has no answer where there is no work tree
        root = Path(lines[3] if bare else lines[5])
        directory = git.directory
        git = Git(root, _pinned(git.environment, lines[3], root))
        return cls(
            root=root,
            git_dir=Path(lines[3]),
            common_dir=Path(lines[4]),
            bare=bare,
            shallow=lines[1] == "true",
            object_format=lines[2],
            git=git,
            directory=directory,
            _blobs=Blobs(git) if staged is None else staged.blobs.moved_to(git),
            staged=staged,
        )

    def resolve(self, revision: str) -> str:
        """The id of the commit, annotated tags peeled.

        Raises:
            GitError: It is unknown, ambiguous or no commit, or there is no commit at all.
        """
        if revision not in self._commits:
            commit = revisions.resolve(self.git, revision, shallow=self.shallow)
            self._commits.add(commit)
            return commit
        return revision

    def remember_commit(self, commit: str) -> None:
        """Note that a full id is that of a commit, as git reported it: `resolve` returns it."""
        self._commits.add(commit)

    def find(self, revision: str) -> str | None:
        """As `resolve`, but None where git knows nothing of that name."""
        return revisions.find(self.git, revision)

    def tree(self, revision: str, under: Sequence[str] = (), beside: Sequence[str] = ()) -> Tree:
        """The files of WORKTREE, INDEX or a revision; only those at or below `under`, if given.

        Args:
            beside: Files of INDEX that `Tree.read_beside` reads and that are not in `entries`.
        """
        if revision == INDEX:
            return index_tree(self.git, self._blobs, below(under), below(beside))
        if revision == WORKTREE:
            return self._disk(below(under))
        return self.stored(self.resolve(revision), under)

    def stored(self, identity: str, under: Sequence[str] = ()) -> Tree:
        """The files of a commit or of a tree by its full id, which is not looked up."""
        return commit_tree(self.git, self._blobs, identity, below(under))

    def changed(self, base: str, head: str) -> tuple[Changed, ...]:
        """What differs in content or kind, by path; of a repository without commits, HEAD is empty.

        A conflict in the index differs from everything. Untracked files count in WORKTREE.
        """
        if base == head:
            return ()
        if WORKTREE in (base, head):
            return compare(self._side(base), self._side(head))
        if base == INDEX:
            return tuple(
                Changed(each.path, each.after, each.before) for each in self.changed(head, base)
            )
        if head == INDEX:
            # Without a revision git compares with HEAD, or with nothing before the first commit.
            return self._changed_in_index(() if base == "HEAD" else (self._commit_or_empty(base),))
        return self.difference(self._commit_or_empty(base), self._commit_or_empty(head))

    def difference(self, base: str, head: str) -> tuple[Changed, ...]:
        """As `changed`, of commits or trees by their full ids, which are not looked up."""
        if head == INDEX:
            return self._changed_in_index((base,))
        return _parse_raw(records(self.git.run("diff", *RAW, base, head, "--")), {})

    def merge_base(self, a: str, b: str) -> str:
        """The id of the best common ancestor.

        Raises:
            GitError: There is none.
        """
        answer = self.git.ask("merge-base", self.resolve(a), self.resolve(b))
        if answer.status > 1 or answer.status < 0:
            raise self.git.error(answer)
        if answer.status:
            hint = revisions.FETCH_ALL if self.shallow else "compare with a commit of its history"
            message = f"{a!r} and {b!r} have no common ancestor"
            raise GitError(message, where=str(self.root), hint=hint)
        return decode(answer.stdout).strip()

    def grep(self, revision: str, fixed: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
        """Sorted paths, at or below `paths`, whose content holds any of the strings.

        Each string is a part of one line. All of the tree is searched where `paths` is empty.
        """
        if not fixed:
            return ()
        where, prefix = self._searched(revision)
        words = [argument for each in fixed for argument in ("-e", each)]
        options = ("-l", "-z", "-F", "--full-name", "--no-color", "--no-recurse-submodules")
        answer = self.git.ask("grep", *options, *words, *where, "--", *below(paths))
        if answer.status not in (0, 1):
            raise self.git.error(answer)
        return tuple(sorted(path.removeprefix(prefix) for path in records(answer.stdout)))

    def attributes(self, revision: str, paths: Sequence[str]) -> Mapping[str, Values]:
        """What a revision's own .gitattributes set of `attributes.CONVERTING`, by path."""
        from promptops.repo.attributes import attributes_at

        if revision == WORKTREE:
            return attributes_at(self.git, paths)
        if revision == INDEX:
            return attributes_at(self.git, paths, cached=True)
        return attributes_at(self.git, paths, commit=self.resolve(revision))

    def uncommitted(self, under: Sequence[str]) -> tuple[str, ...]:
        """Sorted paths, at or below some, that differ from HEAD in the index or on disk."""
        options = ("--porcelain", "-z", "--no-renames", "--untracked-files=all")
        quiet = ("--ignore-submodules=dirty", "--")
        lines = records(self.git.run("status", *options, *quiet, *below(under)))
        return tuple(sorted(line[3:] for line in lines))

    def is_ignored(self, path: str) -> bool:
        """Whether a file of the work tree is there and ignored; a tracked one is not.

        `git check-ignore` refuses to read paths literally.
        """
        options = ("--others", "--ignored", "--exclude-standard", "-z", "--")
        return bool(self.git.run("ls-files", *options, path))

    def need_work_tree(self) -> None:
        """Raises GitError if there is none."""
        if self.bare:
            raise GitError(
                "this repository has no work tree",
                where=str(self.root),
                hint="name a revision, or enter a work tree",
            )

    def close(self) -> None:
        """End the process that reads blobs."""
        self._blobs.close()

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _disk(self, under: tuple[str, ...]) -> DiskTree:
        from promptops.repo.disk_tree import DiskTree

        self.need_work_tree()
        return DiskTree(self.git, self.common_dir, self._blobs, self.object_format, under)

    def _side(self, revision: str) -> Mapping[str, TreeEntry]:
        if revision == WORKTREE:
            return self._disk(()).listed  # what a filter makes of a file is not a change
        if revision == INDEX:
            return self.tree(INDEX).entries
        return commit_tree(self.git, self._blobs, self._commit_or_empty(revision), ()).entries

    def _commit_or_empty(self, revision: str) -> str:
        try:
            return self.resolve(revision)
        except GitError:
            if revision == "HEAD" and revisions.is_unborn(self.git):
                return EMPTY_TREES[self.object_format]
            raise

    def _changed_in_index(self, base: tuple[str, ...]) -> tuple[Changed, ...]:
        known = self.staged.changes if self.staged is not None and not base else None
        lines = records(known or self.git.run("diff", "--cached", *RAW, *base, "--"))
        conflicts = {}
        if any(line.startswith(":") and line.endswith(" U") for line in lines):
            conflicts = self._conflicts()
        return _parse_raw(lines, conflicts)

    def _conflicts(self) -> dict[str, str]:
        """By path the blob of the first stage, as `Tree.entries` has it."""
        found: dict[str, str] = {}
        for line in records(self.git.run("ls-files", "--unmerged", "-z")):
            facts, _, path = line.partition("\t")
            found.setdefault(path, facts.split(" ")[1])
        return found

    def _searched(self, revision: str) -> tuple[tuple[str, ...], str]:
        if revision == INDEX:
            return ("--cached",), ""
        if revision == WORKTREE:
            self.need_work_tree()
            return ("--untracked",), ""
        is_id = revisions.OBJECT_ID.fullmatch(revision)  # of a commit, or of a tree
        where = revision if is_id else self.resolve(revision)
        return (where,), f"{where}:"


def _pinned(environment: Mapping[str, str], git_dir: str, root: Path) -> Mapping[str, str]:
    """GIT_DIR alone means that the work tree is where git is run; say it once and for all."""
    if "GIT_DIR" not in environment:
        return environment
    pinned = {**environment, "GIT_DIR": git_dir}
    return pinned if str(root) == git_dir else {**pinned, "GIT_WORK_TREE": str(root)}


def _parse_raw(lines: Sequence[str], conflicts: Mapping[str, str]) -> tuple[Changed, ...]:
    """Of `:MODE MODE ID ID STATUS` and the path, in turns."""
    changes = (
        _change(facts[1:].split(" "), path, conflicts)
        for facts, path in zip(lines[::2], lines[1::2], strict=True)
    )
    return tuple(sorted((each for each in changes if each), key=lambda change: change.path))


def _change(facts: list[str], path: str, conflicts: Mapping[str, str]) -> Changed | None:
    mode, new_mode, before, after, _ = facts
    if before == after and kind_of(mode) == kind_of(new_mode) and path not in conflicts:
        return None  # only its permission differs
    return Changed(path, _known(before), conflicts.get(path, _known(after)))


def _known(blob: str) -> str | None:
    return blob if blob.strip("0") else None
