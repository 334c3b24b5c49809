"""A repository that stays open: its files change, and only what depends on them is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.stored_facts import Names
from promptops.errors import GitError, PromptopsError
from promptops.jobs.live.checks import Checks
from promptops.jobs.live.live_files import (
    configured,
    git_facts,
    live_tree,
    live_workspace,
    wrong_root,
)
from promptops.jobs.workspace.selection import is_managed
from promptops.jobs.workspace.workspace import managed_paths
from promptops.model.config import Config
from promptops.model.finding import Finding
from promptops.model.loaded import LoadedPrompt
from promptops.records import record
from promptops.repo.repository import Repository
from promptops.runtime.template.sized_cache import ENTRIES_OF_A_SERVICE, limit_entries
from promptops.source.config import FILES

PARSED_AT_ONCE = 5
"""Files whose names `warm` parses before it pauses."""


@record(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a change touches.

    Attributes:
        own: The files that changed.
        dependents: The files that depend on them.
        everything: The configuration changed: every finding may be another one.
    """

    own: frozenset[str] = frozenset()
    dependents: frozenset[str] = frozenset()
    everything: bool = False


NOTHING = Touched()


class Live:
    """One repository, used by one thread.

    Paths are relative to the root of the repository.

    Attributes:
        workspace: The repository with the files as they are, saved or not. Its catalog is replaced
            when the configuration changes.
        today: Returns the current date.
    """

    def __init__(
        self,
        directory: Path,
        overrides: Sequence[str] = (),
        *,
        untrusted: bool = False,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Open the repository around a directory.

        Args:
            overrides: See `source.config.load`.
            untrusted: Load no plug-ins: the files may be of anyone.
            today: The date, which changes while the repository is open.

        Raises:
            GitError: There is no repository, it has no work tree, or git failed.
            UsageError: An override is invalid.
        """
        self._overrides = overrides
        limit_entries(ENTRIES_OF_A_SERVICE)
        self._repository = Repository.open(directory)
        self._untrusted = untrusted
        self.today = today
        self._readable: dict[str, LoadedPrompt] = {}
        self._readable_texts: dict[str, str] = {}
        try:
            self._open()
        except PromptopsError:
            self.close()
            raise

    def close(self) -> None:
        """Stop the git process that reads blobs."""
        self._repository.close()

    def _open(self) -> None:
        if self._repository.bare:
            message = "the repository is bare: there are no files to edit"
            raise GitError(message, where=str(self._repository.root), hint="open a clone of it")
        self._tree = live_tree(self._repository)
        found = configured(self._tree, None, self._overrides)
        self._config_error = found.error
        self._configure(found.config)

    @property
    def root(self) -> Path:
        """The root of the work tree."""
        return self._repository.root

    @property
    def catalog(self) -> Catalog:
        """The prompts as they are, saved or not."""
        return self.workspace.catalog

    @property
    def errors(self) -> tuple[PromptopsError, ...]:
        """The errors in the configuration as written, and in the baseline.

        With an error, the last valid configuration is in force.
        """
        found = (self._config_error, wrong_root(self.workspace), *self._checks.errors)
        return tuple(error for error in found if error is not None)

    def manages(self, path: str) -> bool:
        """Whether promptops reads a path, whether or not the file exists."""
        return is_managed(path, self.workspace)

    def put(self, path: str, text: str | None) -> Touched:
        """Give a file an unsaved text, or None for the content on disk.

        Raises InputError for a file on disk that can't be read.
        """
        data = None if text is None else text.encode("utf-8", "surrogatepass")
        return self._changed({path: data}) if self.manages(path) else NOTHING

    def refreshed(self) -> Touched:
        """Read again what changed outside: files, the index, HEAD, tags.

        Raises GitError: git failed.
        """
        self._facts = git_facts(self._repository)
        listed = frozenset(self._tree.entries)
        changed = self._tree.refresh()
        touched = self._applied(changed, listing=listed != self._tree.entries.keys())
        if not touched.everything:
            self._checks.renew(self._facts)
        return touched

    def findings(self, path: str) -> tuple[Finding, ...]:
        """The findings in a file, as lint reports them.

        Those of rules over the whole catalog are as of the last `catalog_checks`. For a file that
        several prompts use, the first `checks.MOST_USERS` prompts are checked.
        """
        return self._checks.findings(path)

    def catalog_checks(self) -> Iterator[None]:
        """Run the rules that check the whole catalog; pauses after each part of the work."""
        yield from self.warm()
        yield from self._checks.check_catalog()

    def warm(self) -> Iterator[None]:
        """Read which files depend on which; pauses after each few files."""
        graph = self.catalog.graph
        waiting = [] if graph.is_complete else graph.unparsed
        for start in range(0, len(waiting), PARSED_AT_ONCE):
            some = waiting[start : start + PARSED_AT_ONCE]
            graph.parse(some)
            for path in some:
                if self.catalog.known(path) is None:
                    self.catalog.documents.drop(path)
            yield
        graph.parse_all()
        self.catalog.documents.expect_places()

    def readable(self, path: str) -> LoadedPrompt | None:
        """A prompt file as it is or, if it can't be read now, as it last could be; else None."""
        if path not in self.catalog.ids:
            return None
        loaded = self.catalog.loaded(path)
        return loaded if loaded.prompt is not None else self._readable.get(path)

    def readable_text(self, path: str) -> str | None:
        """The text, newlines as LF, of the prompt that `readable` returns."""
        if path not in self.catalog.ids:
            return None
        if self.catalog.loaded(path).prompt is None:
            return self._readable_texts.get(path)
        text = self.catalog.files.text(path)
        return text.value if text is not None else None

    @contextmanager
    def trying(self, texts: Mapping[str, str]) -> Iterator[Catalog]:
        """The catalog with other texts of some managed files, as long as the context lasts."""
        before = {path: self._tree.text(path) for path in texts}
        new = {path: text.encode("utf-8", "surrogatepass") for path, text in texts.items()}
        self._changed(new)
        try:
            yield self.catalog
        finally:
            self._changed(before)

    def _changed(self, contents: Mapping[str, bytes | None]) -> Touched:
        listed = len(self._tree.entries)
        changed = frozenset(path for path, data in contents.items() if self._tree.put(path, data))
        if not changed:
            return NOTHING
        return self._applied(changed, listing=listed != len(self._tree.entries))

    def _applied(self, changed: frozenset[str], *, listing: bool) -> Touched:
        """Forget what changed files make wrong; `listing`: files came or went."""
        if changed.isdisjoint(FILES) or not self._reconfigured():
            return self._forget(changed, listing=listing)
        return Touched(own=changed, everything=True)

    def _forget(self, own: frozenset[str], *, listing: bool) -> Touched:
        for path in own.intersection(self.catalog.ids):
            self._note_readable(path)
        touched = self.catalog.forget(own, listing=listing)
        self._checks.forget(touched)
        return Touched(own=own, dependents=touched - own)

    def _note_readable(self, path: str) -> None:
        """Keep a prompt that is going to be read again, if it was loaded and readable."""
        loaded = self.catalog.known(path)
        if loaded is not None and loaded.prompt is not None:
            self._readable[path] = loaded
            text = self.catalog.files.text(path)
            self._readable_texts[path] = text.value if text is not None else ""

    def _reconfigured(self) -> bool:
        """Use the configuration as written now; returns whether its settings differ."""
        found = configured(self._tree, self._config, self._overrides)
        self._config_error = found.error
        if found.config == self._config:
            return False
        self._configure(found.config, self.catalog.graph.facts)
        return True

    def _configure(self, config: Config, known: Mapping[str, Names] | None = None) -> None:
        """Use a configuration; `known` are the names in files."""
        repository = self._repository
        self._tree.list_below(managed_paths(config))
        self._facts = git_facts(repository)
        self._config = config
        self.workspace = live_workspace(repository, self._tree, config, lambda: self._facts, known)
        self._checks = Checks(
            self.workspace, self._facts, untrusted=self._untrusted, today=self.today
        )
