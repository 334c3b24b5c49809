"""A repository opened at one revision, with its configuration and its catalog."""

from __future__ import annotations

import os
from binascii import crc32
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import FileTree
from promptops.catalog.graph import FORMAT, SILENT_ENDINGS, Graph, last_part
from promptops.catalog.references import has_below
from promptops.catalog.stored_facts import StoredFacts, by_word, lines_of_facts, lines_of_words
from promptops.errors import GitError, InputError
from promptops.model.config import CHANNELS_FILE, Config
from promptops.records import record
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.tree import Kind, Staged, TreeEntry
from promptops.source.config import FILES, OWN_FILE, SHARED_FILE, load
from promptops.source.document import decode
from promptops.source.lines import UNMERGED_HINT
from promptops.source.paths import confined
from promptops.source.toml_places import TomlPlaces

DEFAULT_BASELINE = "promptops-baseline.json"


@record(frozen=True, slots=True)
class Workspace:
    """A repository at one revision.

    Attributes:
        revision: `worktree`, `index`, or a revision as git names it.
    """

    repository: Repository
    revision: str
    config: Config
    catalog: Catalog


@contextmanager
def workspace(
    directory: Path,
    revision: str = WORKTREE,
    overrides: Sequence[str] = (),
    *,
    staged: Staged | None = None,
) -> Iterator[Workspace]:
    """Open the repository around a directory, with the configuration of the revision.

    Args:
        staged: The listing of staged files of this directory, if git was already called for it.

    Raises GitError; InputError for an invalid configuration, or a root that is a link.
    """
    with Repository.open(directory, staged=staged) as repository:
        found = workspace_at(repository, revision, overrides)
        entries = found.catalog.files.entries
        refuse_closed_roots(repository, found.revision, found.config, entries)
        yield found


def workspace_at(repository: Repository, revision: str, overrides: Sequence[str] = ()) -> Workspace:
    """A revision of an open repository."""
    if revision == WORKTREE and repository.bare:
        revision = "HEAD"
    staged = _staged_workspace(repository, overrides) if revision == INDEX else None
    if staged is not None:
        return staged
    return workspace_with(repository, revision, configuration(repository, revision, overrides))


def workspace_with(repository: Repository, revision: str, config: Config) -> Workspace:
    """A revision of an open repository whose configuration was read before."""
    tree = repository.tree(revision, managed_paths(config), baseline_paths(config))
    return _workspace(repository, revision, tree, config)


def _staged_workspace(repository: Repository, overrides: Sequence[str]) -> Workspace | None:
    """The index, from the listing of the fast exit; None if that can't be used.

    The listing has no file kinds, so the configuration is compared with that of the tree.
    """
    if repository.staged is None:
        return None
    contents = repository.staged.contents
    files = {path: content for path, content in contents.items() if content is not None}
    try:
        config = load(files, overrides)
    except InputError:
        return None
    tree = repository.tree(INDEX, managed_paths(config), baseline_paths(config))
    return _workspace(repository, INDEX, tree, config) if config_files(tree) == files else None


def baseline_paths(config: Config) -> tuple[str, ...]:
    """The path of the baseline."""
    path = confined(config.lint.baseline or DEFAULT_BASELINE, "")
    return () if path.reason else (path.path,)


def with_config(workspace: Workspace, config: Config) -> Workspace:
    """The same revision under another configuration; listed again only if the roots differ."""
    repository, revision = workspace.repository, workspace.revision
    if config == workspace.config:
        return workspace
    if managed_paths(config) == managed_paths(workspace.config):
        return _workspace(repository, revision, workspace.catalog.files.tree, config)
    tree = repository.tree(revision, under=managed_paths(config))
    return _workspace(repository, revision, tree, config)


def _workspace(repository: Repository, revision: str, tree: FileTree, config: Config) -> Workspace:
    catalog = catalog_of(repository, revision, tree, config)
    return Workspace(repository, revision, config, catalog)


def catalog_of(repository: Repository, revision: str, tree: FileTree, config: Config) -> Catalog:
    """The catalog of a listed tree; `revision` is as in `Workspace`."""
    return Catalog(
        tree,
        config,
        elsewhere=missing_file_state(repository, revision),
        known=lambda: read_graph(repository.common_dir),
        releases=lambda: bundle_digests(repository),
    )


def configuration(repository: Repository, revision: str, overrides: Sequence[str] = ()) -> Config:
    """The configuration of a revision."""
    return load(config_files(repository.tree(revision, under=FILES)), overrides)


def managed_paths(config: Config) -> tuple[str, ...]:
    """The folders and files that promptops reads."""
    return tuple(dict.fromkeys((*config.prompts, *config.schemas, *FILES, CHANNELS_FILE)))


def bundle_digests(repository: Repository) -> dict[str, str | None]:
    """The annotated tags, each with the bundle digest in its message, or None."""
    trailer = "%(contents:trailers:key=Promptops-Bundle-Sha256,valueonly,separator=)"
    form = f"%(objecttype)%00%(refname:short)%00{trailer}"
    output = repository.git.run("for-each-ref", f"--format={form}", "refs/tags")
    rows = (row.split("\0") for row in output.decode("utf-8", "surrogateescape").splitlines())
    return {row[1]: row[2].strip() or None for row in rows if len(row) == 3 and row[0] == "tag"}


def content_at(repository: Repository, revision: str, path: str) -> bytes | None:
    """The content of a file in a commit; None if either does not exist."""
    try:
        return repository.tree(revision, under=(path,)).read((path,)).get(path)
    except GitError:
        return None


def missing_file_state(repository: Repository, revision: str) -> Callable[[str], str | None]:
    """A function that explains a missing file: unstaged, untracked or ignored; None if absent."""

    def state(path: str) -> str | None:
        if repository.bare or not os.path.isfile(repository.root / path):
            return None
        if repository.git.ask("ls-files", "--error-unmatch", "--", path).status == 0:
            return "unstaged" if revision == INDEX else "tracked"
        return "ignored" if repository.is_ignored(path) else "untracked"

    return state


# The configuration files at one revision

_CLOSED_FILES: dict[Kind, tuple[str, str]] = {
    "symlink": ("a symbolic link", "commit the file itself"),
    "submodule": ("a submodule", "commit the file itself"),
    "unmerged": ("an unresolved merge conflict", UNMERGED_HINT),
}


def config_files(tree: FileTree, prefix: str = "") -> dict[str, bytes]:
    """The content of those of `FILES` that the tree has.

    Raises InputError if `promptops.toml` is not a regular file or `pyproject.toml` has an
    unresolved merge conflict, because otherwise the defaults would apply.

    Args:
        prefix: Put before the path in the message.
    """
    for path, kinds in ((OWN_FILE, _CLOSED_FILES.keys()), (SHARED_FILE, {"unmerged"})):
        entry = tree.entries.get(path)
        if entry is not None and entry.kind in kinds:
            what, hint = _CLOSED_FILES[entry.kind]
            raise InputError(f"the configuration is {what}", where=f"{prefix}{path}", hint=hint)
    return tree.read(FILES)


def config_places(repository: Repository, revision: str, path: str | None) -> TomlPlaces:
    """The places of keys in the configuration file at a revision."""
    path = path or OWN_FILE
    data = repository.tree(revision, under=(path,)).read((path,)).get(path, b"")
    text, _ = decode(path, data)
    return TomlPlaces(path, text, "/tool/promptops" if path == SHARED_FILE else "")


# Roots that would make every check pass without prompts: links, submodules, wrong names

_CLOSED_ROOTS: Mapping[Kind, tuple[str, str]] = {
    "symlink": ("a symbolic link", "commit its target instead"),
    "submodule": ("a submodule", "work inside it: promptops -C {path} …"),
}


def refuse_closed_roots(
    repository: Repository, revision: str, config: Config, entries: Mapping[str, TreeEntry]
) -> None:
    """Raise InputError if a root or `channels.yaml` is a link or a submodule: it is not read.

    Also if a folder above a root is a link, because git lists nothing below it.

    Args:
        entries: The entries of the revision at or below the configured paths.
    """
    for root in (*config.prompts, *config.schemas, CHANNELS_FILE):
        entry = entries.get(root) or _entry_above(repository, revision, root, entries)
        if entry is not None and entry.kind in _CLOSED_ROOTS:
            kind, hint = _CLOSED_ROOTS[entry.kind]
            what = f"the file `{root}`" if root == CHANNELS_FILE else f"the root `{root}`"
            message = f"{what} is {kind}: its content is not read"
            raise InputError(message, where=entry.path, hint=hint.format(path=entry.path))


def _entry_above(
    repository: Repository, revision: str, root: str, entries: Mapping[str, TreeEntry]
) -> TreeEntry | None:
    """The entry in place of a folder above a root; read only if the root is empty."""
    folders = [root[:at] for at, char in enumerate(root) if char == "/"]
    if not folders or has_below(entries, root):
        return None
    tree = repository.tree(revision, under=folders[:1])
    return next((tree.entries[folder] for folder in folders if folder in tree.entries), None)


_DEFAULT_ROOTS = (*Config().prompts, ".")


def refuse_missing_roots(config: Config, entries: Mapping[str, TreeEntry]) -> None:
    """Raise InputError for a root of prompts with no file below it.

    The default root may be missing, because a new repository has no prompts.
    """
    for root in config.prompts:
        if root not in _DEFAULT_ROOTS and not has_below(entries, root):
            raise InputError(
                f"there are no files below `{root}`, which `prompts` names as a folder of prompts",
                where=config.path,
                hint=_fix_of_root(root),
            )


def _fix_of_root(root: str) -> str:
    if root.endswith((".yaml", ".yml")) or "*" in root:
        return "name a folder: all prompt files below it are read"
    return "fix the name, or leave it out; files that git ignores are not read"


# The cached include graph in git's directory, by content id: a commit reads only new files.
#
# A header line is followed by the files whose references are all known, as git lists them in an
# index, then by the lines of `stored_facts`.

MAX_FACTS = 100_000
SAVED_FROM = 32
"""Writing the file takes as long as reading this many prompts."""
_TITLE = f"promptops include graph {FORMAT}".encode()


def read_graph(common_dir: Path) -> StoredFacts:
    """The cached facts; none if the file is missing, damaged or has another format."""
    try:
        header, _, rest = _file(common_dir).read_bytes().partition(b"\n")
        title, size, checksum = header.rsplit(b" ", 2)
        if title != _TITLE or crc32(rest) != int(checksum):
            return StoredFacts()
        at = int(size)
    except (OSError, ValueError):
        return StoredFacts()
    return StoredFacts(rest[at:], rest[:at])


def save_graph(catalog: Catalog, common_dir: Path) -> None:
    """Save the facts for the next run, unless there are only a few."""
    graph = catalog.graph
    if not graph.parsed_count or (graph.has_stored and graph.parsed_count < SAVED_FROM):
        return
    from promptops.storage.atomic import keep

    facts, words, known_keys = (
        graph.facts,
        _words(graph),
        {*graph.stored.keys_with_words, *graph.words},
    )
    if len(facts) + len(known_keys) > MAX_FACTS:
        facts = {key: facts[key] for key in graph.sources.values() if key in facts}
        words, known_keys = {}, set()
    listing = b"".join(_index_lines(catalog, graph, facts.keys() | known_keys))
    lines = (*lines_of_facts(facts, last_part), *lines_of_words(words, known_keys - facts.keys()))
    rest = listing + "\n".join(("", *lines, "")).encode()
    keep(_file(common_dir), b"%b %d %d\n%b" % (_TITLE, len(listing), crc32(rest), rest))


def _words(graph: Graph) -> dict[str, str]:
    words = dict(graph.stored.words)
    for word, beginnings in by_word(graph.words).items():
        words[word] = f"{words[word]} {beginnings}" if word in words else beginnings
    return words


def _index_lines(catalog: Catalog, graph: Graph, known_keys: Container[str]) -> Iterator[bytes]:
    """The lines that `Listing` reads; executable files are left out and read again."""
    for path, entry in catalog.files.entries.items():
        is_known = path.endswith(SILENT_ENDINGS) or graph.sources.get(path) in known_keys
        if entry.kind == "file" and is_known:
            yield f"100644 {entry.blob} 0\t{path}\0".encode("utf-8", "surrogateescape")


def _file(common_dir: Path) -> Path:
    return common_dir / "promptops" / "graph"
