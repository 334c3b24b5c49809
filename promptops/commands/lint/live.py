"""A repository that stays open: its files change, and only what depends on them is read again.

Also its lint results, each computed on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.stored_facts import Names
from promptops.commands.lint.baseline import read_baseline
from promptops.commands.lint.lint import LintOptions, chosen_rules, utc_today
from promptops.errors import GitError, InputError, PromptopsError
from promptops.lint.engine import (
    LintInParts,
    PromptResult,
    Silencers,
    conclude,
    lint_catalog,
)
from promptops.lint.registry import Rule, built_in
from promptops.lint.subject import LintRun
from promptops.model.config import Config
from promptops.model.finding import Finding, Problem
from promptops.model.internal_error import CaughtBug
from promptops.model.line_shift import line_shift
from promptops.model.loaded import LoadedPrompt
from promptops.records import record, replace
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.worktree import LiveTree, WorkTree
from promptops.runtime.template.limits import ENTRIES_OF_A_SERVICE, limit_entries
from promptops.source.config import FILES, load, valid_part
from promptops.workspace.rule_settings import available_names
from promptops.workspace.selection import is_managed
from promptops.workspace.workspace import (
    Workspace,
    bundle_digests,
    config_files,
    content_at,
    managed_paths,
    missing_file_state,
    read_graph,
    refuse_closed_roots,
    refuse_missing_roots,
)

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


NOTHING_TOUCHED = Touched()


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
        today: Callable[[], date] = utc_today,
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
        return self._changed({path: data}) if self.manages(path) else NOTHING_TOUCHED

    def unsaved(self) -> dict[str, str]:
        """The texts of `put`, by path."""
        return {
            path: data.decode("utf-8", "surrogatepass")
            for path, data in self._tree.unsaved().items()
        }

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
        several prompts use, the first `MOST_USERS_CHECKED` prompts are checked.
        """
        return self._checks.findings(path)

    def own_findings(self, path: str) -> tuple[Finding, ...]:
        """As `findings`, of a prompt file for itself: those that extend it are not checked."""
        return self._checks.own_findings(path)

    def findings_now(self, path: str) -> tuple[Finding, ...]:
        """The findings in a file without rendering a case: those that need it are the earlier ones.

        After an edit, these are fast; `findings` has the rest.
        """
        return self._checks.findings_now(path)

    def check(self, path: str) -> Iterator[None]:
        """Do the work of `findings` in parts; pauses after each."""
        return self._checks.check(path)

    def case_digests(self, path: str) -> Mapping[str, str]:
        """The digest of the request of each case that can be rendered, by the name of the case.

        As of the last check in which the prompt could be read; without one it is checked now.
        """
        return self._checks.case_digests(path)

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
            return NOTHING_TOUCHED
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


# Lint one file of a warm catalog; what did not change is not checked again.

MOST_USERS_CHECKED = 20
"""Of the prompts that use a file, so many are checked for findings in it."""


@record(frozen=True, slots=True)
class _Dated:
    """A result, and the day for which it is valid: rules can depend on the date."""

    day: date
    result: PromptResult


@record(frozen=True, slots=True)
class _Earlier:
    """The findings in a file, and the text that they are in."""

    text: str
    findings: tuple[Finding, ...]

    def moved(self, path: str, text: str, codes: Collection[str]) -> Iterator[Finding]:
        """Those of some rules at their places in a newer text, without those in changed lines."""
        shift = line_shift(self.text, text)
        for finding in self.findings:
            place = shift.to_new(finding.place) if finding.code in codes else None
            if place is not None:
                yield replace(finding, place=place)


class Checks:
    """The lint results of a workspace, each computed on first use.

    Attributes:
        errors: The errors of the settings of lint and of the baseline; with one, the default rules
            run, or no baseline is used.
    """

    def __init__(
        self,
        workspace: Workspace,
        facts: GitFacts,
        *,
        untrusted: bool,
        today: Callable[[], date],
    ) -> None:
        self._workspace = workspace
        self._catalog = workspace.catalog
        self._options = LintOptions(use_cache=False, untrusted=untrusted)
        self._of_catalog: tuple[Finding, ...] = ()
        self._results: dict[str, _Dated] = {}
        self._parts: dict[str, LintInParts] = {}
        self._digests: dict[str, Mapping[str, str]] = {}
        self._earlier: dict[str, _Earlier] = {}
        self._today = today
        self.renew(facts)

    def renew(self, facts: GitFacts) -> None:
        """Use new facts from git; results of prompts stay, unless they may depend on such facts."""
        self._facts = facts
        known = self._results.items()
        self._results = {path: each for path, each in known if each.result.portable}
        self._parts.clear()
        self.errors: tuple[PromptopsError, ...] = ()
        self._rules = self._chosen()
        self._silencers = self._silenced()

    def _chosen(self) -> tuple[Rule, ...]:
        try:
            return chosen_rules(self._workspace, self._options)
        except PromptopsError as error:
            self.errors = (*self.errors, error)
            return tuple(rule for rule in built_in().values() if rule.on == "default")

    def _silenced(self) -> Silencers:
        settings = self._workspace.config.lint
        baseline: frozenset[str] = frozenset()
        try:
            baseline = read_baseline(self._workspace)
        except PromptopsError as error:
            self.errors = (*self.errors, error)
        names = available_names(settings, untrusted=self._options.untrusted)
        return Silencers(waivers=settings.waivers, baseline=baseline, names=names)

    def forget(self, paths: Collection[str]) -> None:
        """Check some prompts again when their findings are next needed."""
        for path in paths:
            self._results.pop(path, None)
            self._parts.pop(path, None)

    def findings(self, path: str) -> tuple[Finding, ...]:
        """The findings in a file; see `Live.findings`."""
        users = self._users(path)
        found = self._of_users(path, users[:MOST_USERS_CHECKED], users)
        text = self._catalog.files.text(path)
        self._earlier[path] = _Earlier(text.value if text is not None else "", found)
        return found

    def own_findings(self, path: str) -> tuple[Finding, ...]:
        """The findings of a prompt in its file; see `Live.own_findings`."""
        return self._of_users(path, [path], self._users(path))

    def _of_users(
        self, path: str, checked: Sequence[str], users: Sequence[str]
    ) -> tuple[Finding, ...]:
        today = self._today()
        complete = len(checked) == len(users) and path != self._catalog.config.path
        results = [self._result(each, today) for each in checked]
        return self._concluded(path, results, self._rules, complete=complete)

    def findings_now(self, path: str) -> tuple[Finding, ...]:
        """The findings in a file; see `Live.findings_now`."""
        before = self._earlier.get(path)
        is_known = path in self._results or path not in self._catalog.ids
        if before is None or is_known:
            return self.findings(path)
        part = self._part(path, self._today())
        text = self._catalog.files.text(path)
        late = {rule.code for rule in self._rules if rule.checks_suppressions} | part.left
        moved = tuple(before.moved(path, text.value if text is not None else "", late))
        found = [part.first(), PromptResult(moved, ())]
        rules = [rule for rule in self._rules if not rule.checks_suppressions]
        return self._concluded(path, found, rules, complete=False)

    def check(self, path: str) -> Iterator[None]:
        """Check the prompts that `findings` needs; pauses after each case and each prompt."""
        for user in self._users(path)[:MOST_USERS_CHECKED]:
            if user in self._catalog.ids:
                today = self._today()
                if self._known(user, today) is None:
                    yield from self._part(user, today).render()
                self._result(user, today)
                yield

    def case_digests(self, path: str) -> Mapping[str, str]:
        """See `Live.case_digests`."""
        if path not in self._digests:
            self._result(path, self._today())
        return self._digests.get(path, {})

    def _concluded(
        self, path: str, found: Sequence[PromptResult], chosen: Sequence[Rule], *, complete: bool
    ) -> tuple[Finding, ...]:
        results = [*found, PromptResult(self._of_catalog, ())]
        run = LintRun(today=self._today(), complete=complete, base=self._facts.base)
        rules = [_without_check(rule) if _is_of_catalog(rule) else rule for rule in chosen]
        outcome = conclude(self._catalog, results, rules, run, self._silencers)
        return tuple(finding for finding in outcome.findings if finding.place.path == path)

    def check_catalog(self) -> Iterator[None]:
        """Run the rules over the whole catalog; pauses after each."""
        found: list[Finding] = []
        today = self._today()
        run = LintRun(today=today, base=self._facts.base)
        given = {"catalog": self._catalog, "today": today, "run": run}
        for rule in self._rules:
            if _is_of_catalog(rule):
                found += _findings_of_rule(rule, self._rules, self._catalog, given)
                yield
        self._of_catalog = tuple(found)

    def _users(self, path: str) -> list[str]:
        """The prompts whose rules report findings in a file.

        Of a prompt file first itself; those that extend it as soon as all names are known.
        """
        catalog = self._catalog
        if path == catalog.config.path:
            return list(self._results)
        is_prompt = path in catalog.ids
        if is_prompt and not catalog.graph.is_complete:
            return [path]
        users = sorted(catalog.dependent_prompts(path))
        return [path, *users] if is_prompt else users

    def _result(self, path: str, today: date) -> PromptResult:
        known = self._known(path, today)
        if known is not None:
            return known
        part = self._part(path, today)
        result = part.all()
        self._results[path] = _Dated(today, result)
        del self._parts[path]
        if self._catalog.loaded(path).prompt is not None:
            with CaughtBug():  # it is one of the findings
                self._digests[path] = part.digests
        return result

    def _known(self, path: str, today: date) -> PromptResult | None:
        known = self._results.get(path)
        return known.result if known is not None and known.day == today else None

    def _part(self, path: str, today: date) -> LintInParts:
        """The check of a prompt that is under way, or a new one."""
        if path not in self._parts:
            loaded = self._catalog.loaded(path)
            self._parts[path] = LintInParts(self._catalog, loaded, self._rules, today)
        return self._parts[path]


def _is_of_catalog(rule: Rule) -> bool:
    return rule.checks_catalog and not rule.checks_suppressions


def _findings_of_rule(
    rule: Rule, rules: Sequence[Rule], catalog: Any, given: Mapping[str, Any]
) -> Iterator[Finding]:
    """One rule over the catalog; the others may report what it finds."""
    others = [_without_check(other) if other is not rule else rule for other in rules]
    return lint_catalog(catalog, others, given)


def _without_check(rule: Rule) -> Rule:
    """The rule as one that ran before: its findings are known."""
    return replace(rule, check=_no_problems)


def _no_problems(*_: Any) -> Iterator[Problem]:
    return iter(())


# The files of a repository while an editor changes them, and the configuration in force.


def live_tree(repository: Repository) -> LiveTree:
    """The configuration files of the work tree; GitError without a work tree, or if git fails."""
    disk = WorkTree(repository.root, repository.object_format)
    return LiveTree(lambda under: repository.tree(WORKTREE, under), disk, FILES)


@record(frozen=True, slots=True)
class Configured:
    """The configuration in force, and the error in the one as written.

    With an error, `config` is the last valid one, or else the valid part of the files.
    """

    config: Config
    error: PromptopsError | None = None


def configured(tree: LiveTree, before: Config | None, overrides: Sequence[str]) -> Configured:
    """The configuration of the files as they are, saved or not.

    Raises UsageError for an invalid override.
    """
    files: dict[str, bytes] = {}
    try:
        files = config_files(tree)
        return Configured(load(files, overrides))
    except InputError as error:
        return Configured(before or valid_part(files) or Config(), error)


def wrong_root(workspace: Workspace) -> PromptopsError | None:
    """The error for a root that is a link or a submodule, or that has no files."""
    entries = workspace.catalog.files.entries
    try:
        refuse_closed_roots(workspace.repository, WORKTREE, workspace.config, entries)
        refuse_missing_roots(workspace.config, entries)
    except InputError as error:
        return error
    return None


@record(frozen=True, slots=True)
class GitFacts:
    """What checks learn from git; each is requested once, until HEAD, the index or a tag changes.

    Attributes:
        base: From a path to its content in HEAD, or None.
        state: From a path that the tree lacks to its state; see `Catalog`.
        releases: See `Catalog`.
    """

    base: Callable[[str], bytes | None]
    state: Callable[[str], str | None]
    releases: Callable[[], Mapping[str, str | None]]


def git_facts(repository: Repository) -> GitFacts:
    """The facts as of now."""
    return GitFacts(
        base=cache(lambda path: content_at(repository, "HEAD", path)),
        state=cache(missing_file_state(repository, WORKTREE)),
        releases=cache(lambda: bundle_digests(repository)),
    )


def live_workspace(
    repository: Repository,
    tree: LiveTree,
    config: Config,
    facts: Callable[[], GitFacts],
    known: Mapping[str, Names] | None,
) -> Workspace:
    """A workspace whose catalog reads the files as they are, saved or not.

    Args:
        facts: Returns the newest ones.
        known: The names in files, by default those that an earlier run stored.
    """
    catalog = Catalog(
        tree,
        config,
        lambda path: facts().state(path),
        known=lambda: read_graph(repository.common_dir) if known is None else known,
        releases=lambda: facts().releases(),
    )
    return Workspace(repository, WORKTREE, config, catalog)
