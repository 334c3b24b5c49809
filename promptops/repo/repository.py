"""Queries to one git repository, with plain results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from promptops.errors import GitError
from promptops.records import field, record
from promptops.repo import revisions
from promptops.repo.blobs import Blobs
from promptops.repo.process import Git, decode, inherited_environment, records
from promptops.repo.tree import (
    INDEX,
    RAW,
    WORKTREE,
    Changed,
    Staged,
    Tree,
    TreeEntry,
    below,
    commit_tree,
    compare,
    index_tree,
    parse_changes,
)

if TYPE_CHECKING:
    from promptops.repo.attributes import Values
    from promptops.repo.worktree import DiskTree

__all__ = ["INDEX", "WORKTREE", "Repository"]

EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


@record(frozen=True, slots=True, kw_only=True)
class Repository:
    """One repository; a context manager, because reading keeps a git process running.

    Attributes:
        root: The root of the work tree, or git's directory if there is no work tree.
        git_dir: Git's directory of this work tree.
        common_dir: Git's directory shared by all linked work trees.
        bare: Whether it has no work tree, or was opened inside git's directory.
        object_format: sha1 or sha256.
        git: The git program in the root.
        directory: The absolute path where it was opened; command line paths are relative to it.
        staged: What a hook read before opening, or None; with it, the index must not change.
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
    """Full ids of known commits; a full id always means the same commit."""

    @classmethod
    def open(
        cls,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        staged: Staged | None = None,
    ) -> Repository:
        """The repository that contains `directory`, or that GIT_DIR names.

        Args:
            environment: The environment of git; pass `process.foreign_environment()` for any
                repository other than the one that a hook may be running in.

        Raises:
            GitError: There is no repository, or git refuses to open it.
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
        bare = len(lines) == 5  # without a work tree, the last query has no answer
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
            GitError: It is unknown, ambiguous or not a commit, or there is no commit at all.
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
        """As `resolve`, but None for an unknown name."""
        return revisions.find(self.git, revision)

    def tree(self, revision: str, under: Sequence[str] = (), beside: Sequence[str] = ()) -> Tree:
        """The files of WORKTREE, INDEX or a revision; only those at or below `under`, if given.

        Args:
            beside: Files of INDEX for `Tree.read_beside`; they are not in `entries`.
        """
        if revision == INDEX:
            return index_tree(self.git, self._blobs, below(under), below(beside))
        if revision == WORKTREE:
            return self._disk(below(under))
        return self.stored(self.resolve(revision), under)

    def stored(self, identity: str, under: Sequence[str] = ()) -> Tree:
        """The files of a commit or a tree by its full id, which is not checked."""
        return commit_tree(self.git, self._blobs, identity, below(under))

    def changed(self, base: str, head: str) -> tuple[Changed, ...]:
        """Paths that differ in content or kind; HEAD of a repository without commits is empty.

        A conflict in the index differs from everything. WORKTREE includes untracked files.
        """
        if base == head:
            return ()
        if WORKTREE in (base, head):
            return compare(self._side(base), self._side(head))
        if base == INDEX:
            return tuple(
                Changed(changed.path, changed.after, changed.before)
                for changed in self.changed(head, base)
            )
        if head == INDEX:
            # Without a revision git compares with HEAD, or before the first commit with nothing.
            return self._changed_in_index(() if base == "HEAD" else (self._commit_or_empty(base),))
        return self.difference(self._commit_or_empty(base), self._commit_or_empty(head))

    def difference(self, base: str, head: str) -> tuple[Changed, ...]:
        """As `changed`, for commits or trees by their full ids, which are not checked."""
        if head == INDEX:
            return self._changed_in_index((base,))
        return parse_changes(records(self.git.run("diff", *RAW, base, head, "--")), {})

    def merge_base(self, a: str, b: str) -> str:
        """The id of the merge base of two revisions.

        Raises:
            GitError: They have no common ancestor.
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
        """Sorted paths, at or below `paths`, whose content contains any of the strings.

        A string must be within one line. If `paths` is empty, the whole tree is searched.
        """
        if not fixed:
            return ()
        where, prefix = self._searched(revision)
        words = [argument for string in fixed for argument in ("-e", string)]
        options = ("-l", "-z", "-F", "--full-name", "--no-color", "--no-recurse-submodules")
        answer = self.git.ask("grep", *options, *words, *where, "--", *below(paths))
        if answer.status not in (0, 1):
            raise self.git.error(answer)
        return tuple(sorted(path.removeprefix(prefix) for path in records(answer.stdout)))

    def attributes(self, revision: str, paths: Sequence[str]) -> Mapping[str, Values]:
        """The `attributes.CONVERTING` of the `.gitattributes` of a revision, by path."""
        from promptops.repo.attributes import attributes_at

        if revision == WORKTREE:
            return attributes_at(self.git, paths)
        if revision == INDEX:
            return attributes_at(self.git, paths, cached=True)
        return attributes_at(self.git, paths, commit=self.resolve(revision))

    def uncommitted(self, under: Sequence[str]) -> tuple[str, ...]:
        """Sorted paths, at or below `paths`, that differ from HEAD in the index or on disk."""
        options = ("--porcelain", "-z", "--no-renames", "--untracked-files=all")
        quiet = ("--ignore-submodules=dirty", "--")
        lines = records(self.git.run("status", *options, *quiet, *below(under)))
        return tuple(sorted(line[3:] for line in lines))

    def is_ignored(self, path: str) -> bool:
        """Whether a file of the work tree exists and is ignored; a tracked file is not.

        `git check-ignore` refuses to read paths literally.
        """
        return bool(self.ignored((path,)))

    def ignored(self, under: Sequence[str]) -> list[str]:
        """The ignored files of the work tree at or below paths."""
        options = ("--others", "--ignored", "--exclude-standard", "-z", "--")
        return records(self.git.run("ls-files", *options, *under))

    def sparse(self, under: Sequence[str]) -> list[str]:
        """The tracked files at or below paths that the sparse checkout leaves out."""
        lines = records(self.git.run("ls-files", "-v", "-z", "--", *under))
        return [line[2:] for line in lines if line[0] in "Ss"]

    def listed_on_disk(self, under: Sequence[str]) -> list[str]:
        """The tracked and untracked files at or below paths, without ignored ones."""
        options = ("--cached", "--others", "--exclude-standard", "-z", "--")
        return records(self.git.run("ls-files", *options, *under))

    def names(self, revision: str) -> list[str]:
        """The paths of all files of WORKTREE, INDEX or a revision; without ignored ones."""
        if revision == WORKTREE:
            return self.listed_on_disk(())
        if revision == INDEX:
            return records(self.git.run("ls-files", "--cached", "-z"))
        commit = self.resolve(revision)
        return records(self.git.run("ls-tree", "-r", "--full-tree", "--name-only", "-z", commit))

    def need_work_tree(self) -> None:
        """Raise GitError if there is no work tree."""
        if self.bare:
            raise GitError(
                "this repository has no work tree",
                where=str(self.root),
                hint="name a revision, or enter a work tree",
            )

    def close(self) -> None:
        """End the git process that reads blobs."""
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
        from promptops.repo.worktree import DiskTree

        self.need_work_tree()
        return DiskTree(self.git, self.common_dir, self._blobs, self.object_format, under)

    def _side(self, revision: str) -> Mapping[str, TreeEntry]:
        if revision == WORKTREE:
            return self._disk(()).listed  # the effect of a filter on a file is not a change
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
        return parse_changes(lines, conflicts)

    def _conflicts(self) -> dict[str, str]:
        """The blob of the first stage by path, as in `Tree.entries`."""
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
    """Set GIT_WORK_TREE: with GIT_DIR alone, the work tree would be where git runs."""
    if "GIT_DIR" not in environment:
        return environment
    pinned = {**environment, "GIT_DIR": git_dir}
    return pinned if str(root) == git_dir else {**pinned, "GIT_WORK_TREE": str(root)}
