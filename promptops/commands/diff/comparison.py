"""The two sides of a comparison: the arguments that name them, their catalogs, what differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

from promptops.catalog.catalog import Catalog
from promptops.catalog.references import is_below
from promptops.commands.diff.revisions import (
    Folder,
    Named,
    RevisionNames,
    RevisionRange,
    open_names,
)
from promptops.errors import GitError, InputError, PromptopsError, UsageError
from promptops.model.config import Config
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.repo.merge import merged
from promptops.repo.process import decode
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.revisions import NamedCommit
from promptops.repo.tree import NOTHING, Tree, compare, empty_tree
from promptops.repo.worktree import directory_tree
from promptops.source.config import FILES, load
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name
from promptops.workspace.named_prompts import (
    GLOB,
    candidate_paths,
    matching_prompts,
    nearest_prompts,
)
from promptops.workspace.workspace import (
    catalog_of,
    config_files,
    configuration,
    managed_paths,
    read_graph,
)

__all__ = [
    "ComparisonOptions",
    "ComparisonSide",
    "Sides",
    "empty_side",
    "open_sides",
    "sides_between",
]


CLOSED_ROOTS = {
    "symlink": ("a symbolic link", "commit the folder itself"),
    "submodule": ("a submodule", "compare inside of it: promptops -C {root} diff"),
}


@record(frozen=True, slots=True, kw_only=True)
class ComparisonSide:
    """One side of a comparison.

    Attributes:
        title: The name to show; a bare commit id is shortened to 12 digits.
        commit: The commit id, if the side is a commit.
        revision: As `Repository.grep` takes it; None if git does not know this side.
    """

    title: str
    catalog: Catalog
    config: Config
    commit: str | None = None
    revision: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both sides of a comparison.

    Attributes:
        changed: Paths of either catalog that differ in content or kind; also all other paths if git
            knows both sides and neither is the work tree.
        repository: The repository around the directory, or None.
        patterns: The ids and globs of prompts in the arguments.
        notes: Messages about how the sides were opened.
    """

    base: ComparisonSide
    head: ComparisonSide
    changed: frozenset[str]
    repository: Repository | None
    patterns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@contextmanager
def open_sides(
    directory: Path, options: ComparisonOptions, overrides: Sequence[str] = ()
) -> Iterator[Sides]:
    """Open both sides, each with its own configuration.

    Args:
        directory: What names are relative to, in the repository or anywhere.
        overrides: As `source.config.load` takes them, for both sides.

    Raises:
        UsageError: The options contradict each other.
        GitError: A side does not exist, or has no catalog to compare with.
        InputError: A configuration is invalid, or a root of prompts can't be read.
    """
    with open_names(directory) as names, ExitStack() as stack:
        arguments = parse_arguments(names, options.arguments, options.behind)
        refuse_contradictions(options, arguments.range or RevisionRange())
        try:
            repository, base, head = stack.enter_context(
                open_sources(names, options, arguments.range)
            )
        except GitError:
            # Otherwise a misspelt revision would be taken for a prompt, and another base compared.
            _refuse_doubt_at_head(names, arguments, overrides)
            raise
        newer = _side(repository, head, overrides)
        older, notes = _older_side(repository, base, newer, overrides)
        if base is not None and _is_default(options, arguments.range):
            notes = (_default_sides(names.repository, older, newer), *notes)
        catalogs = (older.catalog, newer.catalog)
        refuse_doubt(names, arguments, catalogs)
        refuse_second_revision(names, arguments, catalogs)
        changed = _changed_paths(repository, older, newer)
        for side, source in ((older, base), (newer, head)):
            if source is not None:
                _refuse_closed_roots(side, source.prefix, changed)
        if base is not None and not base.implied:
            _refuse_empty_base(older, newer)
        yield Sides(
            base=older,
            head=newer,
            changed=changed,
            repository=repository,
            patterns=arguments.patterns,
            notes=notes,
        )


def sides_between(repository: Repository, base: ComparisonSide, head: ComparisonSide) -> Sides:
    """Two sides that are open already; raises InputError as `open_sides` does."""
    changed = _changed_paths(repository, base, head)
    for side in (base, head):
        _refuse_closed_roots(side, "", changed)
    return Sides(base=base, head=head, changed=changed, repository=repository)


def _refuse_doubt_at_head(
    names: RevisionNames, arguments: ParsedArguments, overrides: Sequence[str]
) -> None:
    if arguments.doubtful is not None and arguments.range is None:
        repository = names.repository
        head = _side(repository, commit_source(repository, head_commit(repository)), overrides)
        refuse_doubt(names, arguments, (head.catalog,))


def _older_side(
    repository: Repository | None,
    base: SideSource | None,
    newer: ComparisonSide,
    overrides: Sequence[str],
) -> tuple[ComparisonSide, tuple[str, ...]]:
    """The older side; a fix of its broken configuration can still be compared with it."""
    if base is None:
        return empty_side(newer), ()
    try:
        config = _configuration(base, overrides)
    except InputError as error:
        note = f"{error.where}: {error.message}; the configuration of {newer.title} is used instead"
        return _side_with(repository, base, newer.config), (note,)
    return _side_with(repository, base, config), ()


def _side(
    repository: Repository | None, source: SideSource, overrides: Sequence[str]
) -> ComparisonSide:
    return _side_with(repository, source, _configuration(source, overrides))


def _side_with(repository: Repository | None, source: SideSource, config: Config) -> ComparisonSide:
    tree = source.tree(managed_paths(config))
    return ComparisonSide(
        title=source.title,
        catalog=_catalog(repository, source, tree, config),
        config=config,
        commit=source.commit,
        revision=source.revision,
    )


def _configuration(source: SideSource, overrides: Sequence[str]) -> Config:
    files = config_files(source.tree(FILES), source.prefix)
    try:
        return load(files, overrides)
    except InputError as error:
        where = f"{source.prefix}{error.where}"
        raise InputError(error.message, where=where, hint=error.hint) from None


def _catalog(
    repository: Repository | None, source: SideSource, tree: Tree, config: Config
) -> Catalog:
    if repository is None:
        return Catalog(tree, config)
    if source.revision is None:  # files on disk around the repository do not describe this side
        return Catalog(tree, config, known=lambda: read_graph(repository.common_dir))
    return catalog_of(repository, source.revision, tree, config)


def empty_side(newer: ComparisonSide) -> ComparisonSide:
    """A side without prompts; it has the other side's configuration, so that is not a change."""
    catalog = Catalog(empty_tree(), newer.config)
    return ComparisonSide(title=NOTHING, catalog=catalog, config=newer.config)


def _changed_paths(
    repository: Repository | None, base: ComparisonSide, head: ComparisonSide
) -> frozenset[str]:
    found = compare(base.catalog.files.entries, head.catalog.files.entries)
    if repository and base.revision and head.revision and head.revision != WORKTREE:
        found += repository.difference(base.revision, head.revision)
    return frozenset(change.path for change in found)


def _refuse_closed_roots(side: ComparisonSide, prefix: str, changed: frozenset[str]) -> None:
    """Raise InputError for a root that is a link or a submodule, because its content is hidden."""
    for root in side.config.prompts:
        entry = side.catalog.files.entries.get(root)
        if entry is not None and entry.kind in CLOSED_ROOTS and root in changed:
            kind, hint = CLOSED_ROOTS[entry.kind]
            message = f"a root of prompts is {kind}: its content can't be compared"
            where = f"{prefix}{root}"
            raise InputError(message, where=where, hint=hint.format(root=root))


def _refuse_empty_base(base: ComparisonSide, head: ComparisonSide) -> None:
    """Raise GitError for an empty base, because then everything looks new."""
    if not _has_catalog(base) and _has_catalog(head):
        message = f"`{base.title}` has no prompts and no configuration to compare with"
        raise GitError(message, hint="if every prompt is new: promptops diff --root")


def _has_catalog(side: ComparisonSide) -> bool:
    return side.config.path is not None or bool(side.catalog.ids)


# The arguments of a comparison: what to compare, then the prompts to look at.

REVISION_CHARACTERS = frozenset("~^:@")
MAX_REFS_SEARCHED = 2000
"""Among so many refs the nearest name is sought."""


@record(frozen=True, slots=True, kw_only=True)
class ParsedArguments:
    """The parsed arguments.

    Attributes:
        range: What to compare; None if it was not given.
        patterns: Names of prompts, as `named_prompts.matching_prompts` takes them.
        doubtful: The first argument, if it is ambiguous between a revision and a prompt.
    """

    range: RevisionRange | None = None
    patterns: tuple[str, ...] = ()
    doubtful: str | None = None


def parse_arguments(
    names: RevisionNames, arguments: Sequence[str], behind: int | None
) -> ParsedArguments:
    """Separate the revisions from the names of prompts.

    Args:
        behind: How many arguments follow `--`, if it was given: they are ids,
            and one before them is a range.

    Raises:
        GitError, UsageError: An argument that must be a range is not one.
    """
    if not arguments or behind == len(arguments):
        return ParsedArguments(patterns=tuple(arguments))
    first, *rest = arguments
    if behind is not None:
        return ParsedArguments(range=names.range(first), patterns=tuple(rest))
    try:
        found = names.find_range(first)
    except GitError:  # a few digits are an ambiguous commit id, but may still be a prompt id
        found = None
    if found is not None and not _is_folder_of_prompts(names, first, found):
        return ParsedArguments(range=found, patterns=tuple(rest), doubtful=first)
    doubtful = None if GLOB.intersection(first) else first
    return ParsedArguments(patterns=tuple(arguments), doubtful=doubtful)


def _is_folder_of_prompts(names: RevisionNames, written: str, found: RevisionRange) -> bool:
    """Whether a directory is a part of this repository's catalog and not another catalog."""
    if found.head or found.parted or not isinstance(found.base, Folder) or names.found is None:
        return False
    try:
        roots = configuration(names.found, WORKTREE).prompts
    except PromptopsError:
        return False
    paths = () if names.found.bare else candidate_paths(names.found, written)[:1]
    return any(
        root != "." and (path == root or is_below(path, root)) for path in paths for root in roots
    )


def refuse_doubt(
    names: RevisionNames, arguments: ParsedArguments, catalogs: Sequence[Catalog]
) -> None:
    """Raise an error if the catalogs show that the first argument was misunderstood."""
    first = arguments.doubtful
    if first is None:
        return
    if arguments.range is None:
        if not _is_prompt(names, first, catalogs):
            _refuse_unknown(names, first, catalogs)
    elif any(first in catalog.ids.values() for catalog in catalogs):
        raise UsageError(
            f"`{first}` is both a revision and a prompt",
            hint=f"for the revision write `{first} --`, for the prompt `-- {first}`",
        )


def refuse_second_revision(
    names: RevisionNames, arguments: ParsedArguments, catalogs: Sequence[Catalog]
) -> None:
    """Raise an error for two separate revisions, which other git commands accept."""
    if arguments.range is None or not arguments.patterns or arguments.doubtful is None:
        return
    base, head = arguments.doubtful, arguments.patterns[0]
    if ".." in base or _is_prompt(names, head, catalogs):
        return
    if names.find(head):
        message = f"`{head}` is a revision, not a prompt"
        raise UsageError(message, hint=f"to compare the two, write `{base}..{head}`")


def _is_prompt(names: RevisionNames, name: str, catalogs: Sequence[Catalog]) -> bool:
    """Whether the argument names prompts."""
    return any(matching_prompts(catalog, names.found, name) for catalog in catalogs)


def _refuse_unknown(names: RevisionNames, first: str, catalogs: Sequence[Catalog]) -> NoReturn:
    """Raise the error for an argument that names nothing."""
    if os.path.isfile(names.directory / first):
        raise UsageError(f"`{first}` is a file", hint="name a revision or a prompt")
    prompt = nearest_prompts(catalogs, first, *candidate_paths(names.found, first))
    revision = nearest_name(first, _ref_names(names), max_chars=MAX_CATALOG_CHARS)
    found = {"the prompt": prompt, "the revision": revision}
    near = [f"{kind} `{name}`" for kind, name in found.items() if name is not None]
    meant_for_git = (
        ".." in first or REVISION_CHARACTERS.intersection(first) or first.startswith("HEAD")
    )
    if meant_for_git or first.startswith(("/", "./")) or (names.repository.shallow and not near):
        names.range(first)
    names.find(first)  # the name may be an ambiguous commit id
    raise UsageError(
        f"`{first}` is neither a prompt nor a revision", hint=_hint_for_unknown(names, first, near)
    )


def _ref_names(names: RevisionNames) -> list[str]:
    form = ("--format=%(refname:short)", f"--count={MAX_REFS_SEARCHED}")
    return decode(names.repository.git.run("for-each-ref", *form)).splitlines()


def _hint_for_unknown(names: RevisionNames, first: str, near: Sequence[str]) -> str:
    if near:
        return f"did you mean {' or '.join(near)}?"
    if os.path.isdir(names.directory / first):
        return f"for the directory write ./{first}"
    return "list prompts and revisions: promptops list; git branch --all; git tag"


# The sources of the two sides of a comparison.

SAY_BASE = "name the revision to compare with: promptops diff BASE"


@record(frozen=True, slots=True, kw_only=True)
class ComparisonOptions:
    """Options for choosing the two sides.

    Attributes:
        arguments: BASE, BASE..HEAD or BASE...HEAD, then prompts; all of them may be left out.
        behind: How many of the arguments follow `--`; None without it.
        staged: The newer side is the index.
        worktree: The newer side is the work tree.
        merge: The newer side is the result of merging HEAD into BASE.
        root: The older side is nothing.
    """

    arguments: tuple[str, ...] = ()
    behind: int | None = None
    staged: bool = False
    worktree: bool = False
    merge: bool = False
    root: bool = False


@record(frozen=True, slots=True, kw_only=True)
class SideSource:
    """The source of one side.

    Attributes:
        tree: Lists its files at or below some paths.
        revision: WORKTREE, INDEX, or the id of a commit or a tree; None of a directory.
        prefix: Written before its paths in messages.
        implied: It is HEAD by default.
    """

    title: str
    tree: Callable[[Sequence[str]], Tree]
    commit: str | None = None
    revision: str | None = None
    prefix: str = ""
    implied: bool = False


Sources = tuple[Repository | None, SideSource | None, SideSource]
"""The repository with the objects of both sides, the older side or None, the newer side."""


def refuse_contradictions(options: ComparisonOptions, named: RevisionRange) -> None:
    """Raise UsageError for contradicting options."""
    flags = {"--staged": options.staged, "--worktree": options.worktree, "--merge": options.merge}
    newer = [flag for flag, given in flags.items() if given]
    if len(newer) > 1:
        message = f"{newer[0]} and {newer[1]} exclude each other"
        raise UsageError(message, hint="leave out one of them")
    if named.head and (options.staged or options.worktree):
        message = f"{newer[0]} and `{named.head.name}` exclude each other"
        raise UsageError(message, hint="leave out one of them")
    if options.root and options.merge:
        raise UsageError(
            "--root and --merge exclude each other", hint="leave out --root or --merge"
        )
    if options.root and (named.base or named.parted):
        commit = named.head or named.base
        name = commit.name if commit else "HEAD"
        hint = f"to show all its prompts: promptops diff --root ..{name}"
        raise UsageError("--root compares with nothing else", hint=hint)


@contextmanager
def open_sources(
    names: RevisionNames, options: ComparisonOptions, named: RevisionRange | None
) -> Iterator[Sources]:
    """Find both sides; raises GitError if one does not exist."""
    if options.merge:
        with _merge_sources(names, named or RevisionRange()) as found:
            yield found
    else:
        yield names.found, _base(names, options, named), _head(names, options, named)


@contextmanager
def _merge_sources(names: RevisionNames, named: RevisionRange) -> Iterator[Sources]:
    if named.parted:
        raise UsageError("--merge finds the merge base itself", hint="write `..`")
    into = _to_merge(named.base or _default_target(names.repository))
    branch = _to_merge(named.head or head_commit(names.repository))
    with merged(names.repository, into, branch) as result:
        title = f"{into.name} merged with {branch.name}"
        repository = result.repository
        head = SideSource(
            title=title,
            tree=partial(repository.stored, result.tree),
            revision=result.tree,
            prefix=f"{title}:",
        )
        yield repository, commit_source(repository, into), head


def _to_merge(named: Named) -> NamedCommit:
    if isinstance(named, Folder):
        message = f"`{named.name}` is a directory, which can't be merged"
        raise UsageError(message, hint="name a revision")
    return named


def _default_target(repository: Repository) -> NamedCommit:
    from promptops.repo.history import upstream_default

    name = upstream_default(repository)
    if name is None:
        raise GitError(
            "there is no upstream default branch to merge into, or it is the current branch",
            where=str(repository.root),
            hint="name it: promptops diff --merge BASE",
        )
    return NamedCommit(name.removeprefix("refs/remotes/"), repository.resolve(name))


def _head(
    names: RevisionNames, options: ComparisonOptions, named: RevisionRange | None
) -> SideSource:
    is_default = _is_default(options, named) and not names.repository.bare
    if options.staged or options.worktree:
        names.repository.need_work_tree()
    if options.staged:
        return _uncommitted_source(names.repository, INDEX, "the index", "the index:")
    if options.worktree or is_default:
        return _uncommitted_source(names.repository, WORKTREE, "the work tree", "")
    head = named.head if named is not None else None
    return _named_source(names, head or head_commit(names.repository))


def _is_default(options: ComparisonOptions, named: RevisionRange | None) -> bool:
    """Whether nothing names a side: the latest release is compared with the work tree."""
    named_by_option = options.staged or options.worktree or options.merge or options.root
    return named is None and not named_by_option


def _default_sides(repository: Repository, older: ComparisonSide, newer: ComparisonSide) -> str:
    """What is compared without arguments, such as `v0.1.0..work tree, 1 file not committed`."""
    if newer.revision != WORKTREE:
        return f"{older.title}..{newer.title}"
    files = repository.uncommitted(managed_paths(newer.config))
    uncommitted = f"{counted(len(files), 'file')} not committed" if files else "all committed"
    return f"{older.title}..work tree, {uncommitted}"


def _base(
    names: RevisionNames, options: ComparisonOptions, named: RevisionRange | None
) -> SideSource | None:
    """The older side; None for nothing."""
    if options.root:
        return None
    if named and named.parted:
        base, head = (end.name if end else "HEAD" for end in (named.base, named.head))
        commit = names.repository.merge_base(base, head)
        return commit_source(names.repository, NamedCommit(commit[:12], commit))
    if named and named.base:
        return _named_source(names, named.base)
    if _is_default(options, named):
        return _default_base(names.repository)
    is_uncommitted = options.staged or options.worktree
    if is_uncommitted and names.repository.find("HEAD") is None:
        return None
    return commit_source(names.repository, head_commit(names.repository), implied=is_uncommitted)


def _default_base(repository: Repository) -> SideSource:
    """The latest release; before the first one, where this branch left the default branch."""
    from promptops.repo.history import find_base, latest_tag, upstream_default

    if tag := latest_tag(repository):
        return commit_source(repository, NamedCommit(tag, repository.resolve(f"refs/tags/{tag}")))
    found = find_base(repository, f"promptops diff --worktree compares with HEAD; or {SAY_BASE}")
    name = (upstream_default(repository) or "").removeprefix("refs/remotes/")
    parted = commit_source(repository, NamedCommit(found.name[:12], found.commit))
    return replace(parted, title=f"{found.name[:12]} (where this branch left {name})")


def head_commit(repository: Repository) -> NamedCommit:
    """HEAD; raises GitError before the first commit."""
    return NamedCommit("HEAD", repository.resolve("HEAD"))


def commit_source(
    repository: Repository, named: NamedCommit, *, implied: bool = False
) -> SideSource:
    """A commit as a side."""
    return SideSource(
        title=named.name,
        tree=partial(repository.stored, named.commit),
        commit=named.commit,
        revision=named.commit,
        prefix=f"{named.name}:",
        implied=implied,
    )


def _named_source(names: RevisionNames, named: Named) -> SideSource:
    if isinstance(named, NamedCommit):
        return commit_source(names.repository, named)
    object_format = names.found.object_format if names.found else "sha1"
    return SideSource(
        title=named.name,
        tree=lambda under: directory_tree(named.path, under, object_format),
        prefix=f"{named.name.rstrip('/')}/",
    )


def _uncommitted_source(
    repository: Repository, revision: str, title: str, prefix: str
) -> SideSource:
    return SideSource(
        title=title, tree=partial(repository.tree, revision), revision=revision, prefix=prefix
    )
