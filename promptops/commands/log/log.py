"""The semantic history of one prompt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.channels import parse_time, served_at
from promptops.commands.log.releases import first_releases
from promptops.diff.changes import CODES
from promptops.diff.compare import CompareOptions, compare
from promptops.errors import InputError, NotFound, UsageError
from promptops.model.change import Change, PromptDiff
from promptops.model.config import Config
from promptops.model.history import HistoryEntry, PromptHistory, Served
from promptops.records import record, replace
from promptops.release.tags import TagNames
from promptops.repo.blobs import Blobs
from promptops.repo.process import records
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.repo.tree import Tree, TreeEntry, below, kind_of
from promptops.source.config import FILES, load
from promptops.workspace.named_prompts import candidate_paths, no_match_error, optional_prompt
from promptops.workspace.workspace import config_files, configuration, managed_paths, read_graph


@record(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Options of `promptops log`.

    Attributes:
        prompt: Its name, as `named_prompts.matching_prompts` takes it; may be None with a channel.
        at: A revision, None for HEAD; with a channel, a time, None for now.
        channel: Start at the release that it served at that time.
        number: The maximum number of entries; None for all.
        all: Include commits without a semantic change.
    """

    prompt: str | None
    at: str | None = None
    channel: str | None = None
    number: int | None = None
    all: bool = False


def log(directory: Path, wanted: LogOptions, overrides: Sequence[str] = ()) -> PromptHistory:
    """The commits that changed the rendered request or what callers pass, newest first.

    Follows first parents: a merge is one commit. Earlier names and files of the prompt are found by
    the `aliases` of its newer versions.

    Raises:
        UsageError: No commit has such a prompt; there is no such channel; the time is invalid.
        GitError: There is no such revision.
        InputError: The configuration there is wrong.
    """
    with Repository.open(directory) as repository:
        if wanted.channel is None:
            return _history_from(repository, wanted, wanted.at or "HEAD", overrides)
        served = served_at(repository, wanted.channel, parse_time(wanted.at))
        if wanted.prompt is None or served.release is None:
            return PromptHistory(prompt=wanted.prompt, served=served, shallow=repository.shallow)
        tag = _tag_of_release(repository, served)
        return replace(_history_from(repository, wanted, tag, overrides), served=served)


def _tag_of_release(repository: Repository, served: Served) -> str:
    tag = f"refs/tags/{served.release}"
    if repository.find(tag) is None:
        message = f"there is no release {served.release!r}, which `{served.channel}` served then"
        raise NotFound(message, hint="git fetch --tags")
    return tag


def _history_from(
    repository: Repository, wanted: LogOptions, revision: str, overrides: Sequence[str]
) -> PromptHistory:
    assert wanted.prompt is not None
    with closing(BranchHistory(repository, repository.resolve(revision), overrides)) as past:
        newest = past.catalog
        followed = FollowedPrompt(repository, newest, wanted.prompt)
        found = list(islice(_entries(past, followed, wanted), wanted.number))
    if followed.newest is None:
        raise _unknown_prompt(repository, newest, wanted.prompt)
    names = TagNames(newest.config.release.tag_format)
    releases = first_releases(repository, names, [entry.commit for entry in found])
    return PromptHistory(
        prompt=followed.newest,
        entries=tuple(replace(entry, release=releases.get(entry.commit)) for entry in found),
        shallow=past.cut,
        notes=tuple(past.notes),
    )


def _unknown_prompt(repository: Repository, catalog: Catalog, identity: str) -> UsageError:
    error = no_match_error(catalog, repository, identity)
    if any(os.path.isfile(repository.root / path) for path in possible_paths(catalog, [identity])):
        error.hint = "it is not committed yet"
    elif repository.shallow:
        error.hint = FETCH_ALL
    return error


def _entries(
    past: BranchHistory, followed: FollowedPrompt, wanted: LogOptions
) -> Iterator[HistoryEntry]:
    for step in past.steps(followed.files):
        here = followed.here
        before = followed.back(step)
        diff = _diff_of_step(step, here, before)
        means = diff is not None and any(_is_seen(change) for change in diff.changes)
        prompt = here or before
        if prompt is not None and (means or wanted.all):
            yield _entry_of_step(step, prompt, diff)


def _is_seen(change: Change) -> bool:
    """Whether callers or the model are affected; a draft counts too, but requires no bump."""
    return CODES[change.code].level != "NEUTRAL"


def _diff_of_step(step: CatalogStep, here: str | None, before: str | None) -> PromptDiff | None:
    """The changes of a step to the prompt, whose id on both sides is known."""
    paths = {step.after.paths[here]} if here is not None else set()
    if here is None and before is not None:
        # A prompt that names the removed one as alias was added in the same commit.
        paths = {step.before.paths[before], *step.after.ids.keys() & step.commit.before.keys()}
    options = CompareOptions(today=step.commit.day)
    found = [
        prompt_diff
        for prompt_diff in compare(step.before, step.after, paths, step.commit.before, options)
        if prompt_diff.id == here or (prompt_diff.before_id or prompt_diff.id) == before
    ]
    return max(
        found,
        key=lambda prompt_diff: (prompt_diff.before_id or prompt_diff.id) == before,
        default=None,
    )


def _entry_of_step(step: CatalogStep, prompt: str, diff: PromptDiff | None) -> HistoryEntry:
    commit = step.commit
    entry = HistoryEntry(
        commit=commit.id,
        author=commit.author,
        date=commit.written,
        subject=commit.subject,
        prompt=prompt,
    )
    if diff is None:
        return entry
    return replace(
        entry,
        prompt=diff.id,
        before=diff.before_id,
        state=diff.state,
        bump=diff.bump,
        changes=diff.changes,
        via=diff.via,
    )


# Follow one prompt back through its names.


class FollowedPrompt:
    """A prompt, wherever a branch had it.

    Attributes:
        here: Its id in the current catalog; None if the catalog does not have it.
        newest: The newest id found; None if none was found yet.
    """

    def __init__(self, repository: Repository, catalog: Catalog, name: str) -> None:
        """Raises UsageError if the name matches several prompts."""
        path = optional_prompt(catalog, repository, name)
        self.here = None if path is None else catalog.ids[path]
        self.newest = self.here
        self._names = dict.fromkeys([self.here or _former_id(repository, catalog, name)])

    def files(self, catalog: Catalog) -> frozenset[str]:
        """All files that decide about the prompt, and its possible paths under any of its names.

        Also collects its other names.
        """
        own: frozenset[str] = frozenset()
        path = catalog.paths.get(self.here) if self.here is not None else None
        if path is not None:
            own = catalog.dependencies(path) | {path}
            prompt = catalog.loaded(path).prompt
            self._names |= dict.fromkeys(prompt.aliases if prompt is not None else ())
        return own.union(FILES, possible_paths(catalog, self._names))

    def back(self, step: CatalogStep) -> str | None:
        """Go to the previous catalog; returns the prompt's id there."""
        names = [self.here, *self._names]
        self.here = next((name for name in names if name and self._is_one(name, step)), None)
        self.newest = self.newest or self.here
        return self.here

    def _is_one(self, name: str, step: CatalogStep) -> bool:
        """Whether a name belonged to this prompt: not if another prompt has it afterwards."""
        return name in step.before.paths and (name == self.here or name not in step.after.paths)


def _former_id(repository: Repository, catalog: Catalog, name: str) -> str:
    """The id of a prompt that is gone, whose file may be named by its path."""
    ids = map(catalog.id_of, candidate_paths(repository, name))
    return next(filter(None, ids), name)


def possible_paths(catalog: Catalog, names: Iterable[str]) -> Iterator[str]:
    """The paths where prompts of these ids would be."""
    for root in catalog.config.prompts:
        folder = "" if root == "." else f"{root}/"
        yield from (f"{folder}{name}{ending}" for name in names for ending in PROMPT_ENDINGS)


# The catalogs of a branch's commits, each derived from the next newer one.

_CONFIGURATION_FILES = frozenset(FILES)


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

    Git lists the files of the newest commit and the changes of each earlier one: two processes for
    a history of any length. The changes of a commit are undone in the list; only files that are
    used are read.

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
        self._edge = _shallow_edge(repository)
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
            for path, entry in commit.before.items():
                if entry is None:
                    self._entries.pop(path, None)
                else:
                    self._entries[path] = entry
            self._next = commit.parent
            changed = wanted.intersection(commit.before)
            step = self._step(commit) if changed else None
            if step is None or (changed <= _CONFIGURATION_FILES and _keeps_configuration(step)):
                continue
            self.catalog = step.before
            yield step
            if managed_paths(self.catalog.config) != roots:
                return
            wanted = deciding(self.catalog)

    def _step(self, commit: Commit) -> CatalogStep:
        revision, config = commit.parent or "", self.catalog.config
        if _CONFIGURATION_FILES.intersection(commit.before):
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


def _keeps_configuration(step: CatalogStep) -> bool:
    """Whether two configurations are equal: most changes of a pyproject.toml are unrelated."""
    return step.before.config == step.after.config


def _shallow_edge(repository: Repository) -> frozenset[str]:
    """The commits of a shallow clone without parents, which seem to have added everything."""
    if not repository.shallow:
        return frozenset()
    return frozenset((repository.common_dir / "shallow").read_text("ascii", "replace").split())


# The commits of a branch, as `git log` lists them.

COMMITS_PER_PAGE = 2000
"""Commits per git process."""

_LOG_FORMAT = "--format=commit %H%x00%P%x00%aN%x00%aI%x00%cs%x00%s"
_FIRST_PARENTS = ("--first-parent", "--diff-merges=first-parent", "--raw", "-z", "--no-abbrev")
_WITHOUT_USER_SETTINGS = ("--no-renames", "--no-color", "--no-show-signature", "--encoding=UTF-8")


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
        page = list(_page_of_commits(repository, following, under))
        yield from page
        following = page[-1].parent if len(page) == COMMITS_PER_PAGE else None


def _page_of_commits(repository: Repository, start: str, under: Sequence[str]) -> Iterator[Commit]:
    options = (
        *_FIRST_PARENTS,
        *_WITHOUT_USER_SETTINGS,
        _LOG_FORMAT,
        f"--max-count={COMMITS_PER_PAGE}",
    )
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
