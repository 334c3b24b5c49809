"""Lint the catalog, or a part of it, at one revision."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Files
from promptops.catalog.stored_facts import Names
from promptops.commands.lint.baseline import read_baseline
from promptops.lint.engine import (
    Outcome,
    PromptResult,
    Selection,
    Silencers,
    conclude,
    failed,
    lint_one,
)
from promptops.lint.registry import Rule, built_in, is_named_alone
from promptops.lint.subject import LintRun
from promptops.lint.suppressions import Counts
from promptops.model.config import Config, LintSettings
from promptops.model.finding import Finding, Severity
from promptops.model.internal_error import CODE, CaughtBug
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.report import LintReport, RuleInfo
from promptops.records import record, replace
from promptops.repo.process import records
from promptops.repo.repository import Repository
from promptops.source.recording_files import ENDING as RECORDINGS
from promptops.storage.gc_paused import uncollected
from promptops.workspace.rule_settings import (
    available_names,
    available_rules,
    refuse_unknown,
    refuse_unknown_rules,
)
from promptops.workspace.selection import (
    Selected,
    SelectionOptions,
    changed_prompts,
    merge_base,
    select,
)
from promptops.workspace.workspace import (
    Workspace,
    content_at,
    refuse_missing_roots,
    save_graph,
    workspace_with,
)

BaseFiles = Callable[[str], bytes | None]
"""From a path to the content of the file at the base; None if it does not exist there."""

CACHED_FROM = 20
"""Up to this many selected prompts are linted faster than the whole cache is read."""


@record(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """Options of lint.

    Attributes:
        select, ignore, extend_select: Replace or extend those of the configuration.
        extend_changed: Rules to add for changed prompts, but not for prompts that are selected only
            because the configuration changed.
        baseline_at: The revision whose baseline is used; None for the checked one.
        untrusted: Load no plug-ins, because the change may be untrusted.
        doubt_comments: A comment silences a security rule only if the base has the comment, too;
            without a base, never.
        processes: The maximum number of processes; 0 for the number of cores.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    extend_changed: tuple[str, ...] = ()
    use_cache: bool = True
    use_baseline: bool = True
    baseline_at: str | None = None
    untrusted: bool = False
    doubt_comments: bool = False
    processes: int = 0
    today: date | None = None


def utc_today() -> date:
    """The current date in UTC: a commit has the same findings in every time zone."""
    return datetime.now(UTC).date()


def lint(workspace: Workspace, wanted: SelectionOptions, options: LintOptions) -> LintReport:
    """The findings of the selected prompts, and of the catalog as a whole."""
    if wanted.since is None:
        refuse_missing_roots(workspace.config, workspace.catalog.files.entries)
    selected = select(workspace, wanted)
    return lint_selected(workspace, selected, wanted, options)


def lint_selected(
    workspace: Workspace,
    selected: Selected,
    wanted: SelectionOptions,
    options: LintOptions,
    known: dict[str, LintedPrompt] | None = None,
) -> LintReport:
    """Lint prompts that were selected before.

    Args:
        known: Results of prompts that are still valid; new ones are added.
    """
    catalog = workspace.catalog
    today = options.today or utc_today()
    base = _base_files(workspace, wanted.since)
    groups = [*_paths_by_rules(workspace, selected, options)]
    linted: dict[str, LintedPrompt] = {} if known is None else known
    for chosen, given in groups:
        paths = [path for path in given if path not in linted]
        few = len(paths) < CACHED_FROM and not wanted.everything
        cache = _no_cache() if few else _cache_for(workspace, chosen, today, options)
        linted |= lint_prompts(
            catalog, paths, chosen, today, cache=cache, processes=options.processes
        )
        cache.save()
    rules = groups[-1][0]
    silencers = Silencers(
        waivers=workspace.config.lint.waivers,
        baseline=_baseline(workspace, options),
        counts=_counting_comments(workspace, wanted, options, base),
        names=available_names(workspace.config.lint, untrusted=options.untrusted),
    )
    concerned = None if wanted.everything else _relevant_paths(selected, linted)
    # Findings elsewhere that a waiver or the baseline silences are counted.
    every_path = silencers.waivers or silencers.baseline
    run = LintRun(
        today=today,
        complete=wanted.everything,
        concerned=None if every_path else concerned,
        base=base,
    )
    whole = rules if wanted.everything else [rule for rule in rules if not rule.reads_all]
    results = [linted[path].result for path in selected.why]
    outcome = conclude(catalog, results, whole, run, silencers)
    save_graph(catalog, workspace.repository.common_dir)
    findings = outcome.findings
    if concerned is not None:
        findings = tuple(_relevant_findings(outcome, concerned))
    return LintReport(
        findings=findings,
        files=len(selected.why),
        suppressed=len(outcome.silenced),
        comments=outcome.comments,
        opt_in=_prompts_by_opt_in_rule(groups),
    )


def _base_files(workspace: Workspace, since: str | None) -> BaseFiles:
    """Reads files of the commit where the branch started, found on first use; else of HEAD."""
    if since is None:
        return lambda path: content_at(workspace.repository, "HEAD", path)
    base = lru_cache(lambda: merge_base(workspace, since))
    return lambda path: content_at(workspace.repository, base(), path)


def _paths_by_rules(
    workspace: Workspace, selected: Selected, options: LintOptions
) -> Iterator[tuple[tuple[Rule, ...], list[str]]]:
    """Prompts with their rules; the rules of the last group run on every selected prompt."""
    rules, rest = chosen_rules(workspace, options), list(selected.why)
    if options.extend_changed:
        added = chosen_rules(workspace, replace(options, select=options.extend_changed))
        both = {rule.code: rule for rule in (*rules, *added)}
        changed = changed_prompts(workspace, selected)
        yield tuple(both.values()), sorted(changed)
        rest = [path for path in rest if path not in changed]
        if not rest:
            return
    yield rules, rest


def chosen_rules(workspace: Workspace, options: LintOptions) -> tuple[Rule, ...]:
    """The rules that configuration and options select.

    Raises InputError for an unknown one in the configuration, UsageError for one in the options.
    """
    settings = workspace.config.lint
    known = available_rules(settings, untrusted=options.untrusted)
    names = available_names(settings, untrusted=options.untrusted)
    refuse_unknown((*options.select, *options.ignore, *options.extend_select), names)
    refuse_unknown_rules(workspace, untrusted=options.untrusted)
    selection = Selection(
        select=(options.select or settings.select) + settings.extend_select + options.extend_select,
        ignore=settings.ignore + options.ignore,
    )
    return tuple(rule for rule in known.values() if selection.chooses(rule))


def _cache_for(
    workspace: Workspace, rules: Sequence[Rule], today: date, options: LintOptions
) -> LintCache:
    if not options.use_cache:
        return _no_cache()
    key = cache_key(workspace.config, rules, today)
    return LintCache(workspace.repository.common_dir / "promptops", key)


def _no_cache() -> LintCache:
    return LintCache(None, "")


def _baseline(workspace: Workspace, options: LintOptions) -> frozenset[str]:
    return read_baseline(workspace, options.baseline_at) if options.use_baseline else frozenset()


def _counting_comments(
    workspace: Workspace, wanted: SelectionOptions, options: LintOptions, base: BaseFiles
) -> Counts:
    """Which comments may silence what they cover."""
    if not options.doubt_comments:
        return Silencers().counts
    from promptops.commands.lint.baseline import known_comments

    return known_comments(workspace.catalog, base if wanted.since is not None else _no_content)


def _no_content(_path: str) -> None:
    return None


def _relevant_paths(selected: Selected, linted: Mapping[str, LintedPrompt]) -> frozenset[str]:
    """The paths of the selected prompts, of the files they reach, and of what changed."""
    needed = (result.needed for result in linted.values())
    return frozenset(selected.why).union(selected.changed or (), *needed)


def _relevant_findings(outcome: Outcome, concerned: frozenset[str]) -> Iterator[Finding]:
    for finding in outcome.findings:
        if finding.code == CODE or not concerned.isdisjoint(_finding_paths(finding)):
            yield finding


def _finding_paths(finding: Finding) -> Iterable[str]:
    yield finding.place.path
    for related in finding.related:
        yield related.place.path


def _prompts_by_opt_in_rule(
    groups: Iterable[tuple[tuple[Rule, ...], list[str]]],
) -> dict[str, frozenset[str]]:
    """The prompts that each opt-in rule checked, by the code of the rule."""
    checked: dict[str, frozenset[str]] = {}
    for rules, paths in groups:
        for rule in rules:
            if rule.on == "opt-in":
                checked[rule.code] = checked.get(rule.code, frozenset()).union(paths)
    return checked


def deprecations(workspace: Workspace, options: LintOptions) -> tuple[str, ...]:
    """A sentence for each deprecated rule that the configuration or the options select by name."""
    settings = workspace.config.lint
    named = (
        *settings.select,
        *settings.extend_select,
        *options.select,
        *options.extend_select,
    )
    return tuple(
        f"the rule {rule.code} is deprecated: {rule.deprecated}"
        for rule in available_rules(settings, untrusted=options.untrusted).values()
        if rule.deprecated and is_named_alone(named, rule.code, rule.name)
    )


def rule_infos(workspace: Workspace, options: LintOptions) -> dict[str, RuleInfo]:
    """Facts about the rules that ran, for reports, by code."""
    return _infos_by_code(chosen_rules(workspace, options))


def built_in_infos() -> dict[str, RuleInfo]:
    """Facts about the built-in rules, for reports, whatever the configuration selects."""
    return _infos_by_code(built_in().values())


def _infos_by_code(rules: Iterable[Rule]) -> dict[str, RuleInfo]:
    return {
        rule.code: RuleInfo(
            code=rule.code, name=rule.name, severity=rule.severity, summary=rule.summary
        )
        for rule in rules
    }


# Errors in prompts that can be found although the configuration has errors.

_RULES_WITHOUT_SETTINGS = ("SCH", "TPL", "VAR", "SEC", "TST002")
"""Rules that read no setting except the roots."""

_ROOTLESS_RULES = ("SCH001", "SCH003", "SCH010", "SCH011", "SCH012", "TPL001", "TPL002", "VAR001")
"""Rules that follow no reference to another file, or are silent without it."""


def errors_despite_config(
    directory: Path, revision: str, wanted: SelectionOptions
) -> LintReport | None:
    """The errors that do not depend on the wrong settings; None if the prompts can't be read.

    Neither lint settings nor the baseline are applied: warnings are left out, because they may be
    ignored there.
    """
    from promptops.errors import PromptopsError
    from promptops.repo.repository import WORKTREE, Repository
    from promptops.source.config import FILES, valid_part

    try:
        with Repository.open(directory) as repository:
            at = "HEAD" if revision == WORKTREE and repository.bare else revision
            valid = valid_part(repository.tree(at, under=FILES).read(FILES))
            config = replace(valid or Config(), lint=LintSettings())
            rules = _RULES_WITHOUT_SETTINGS if valid is not None else _ROOTLESS_RULES
            options = LintOptions(
                select=rules, use_cache=False, use_baseline=False, untrusted=True, processes=1
            )
            # A changed configuration selects every prompt.
            whole = replace(wanted, staged=False, since=None)
            report = lint(workspace_with(repository, at, config), whole, options)
    except PromptopsError:
        return None
    errors = tuple(
        each
        for each in report.findings
        if each.severity is Severity.ERROR and each.place.path not in FILES
    )
    return replace(report, findings=errors)


# Lint prompts one by one: from the cache, in this process, or in several.


@record(frozen=True, slots=True)
class LintedPrompt:
    """The lint result of a prompt.

    Attributes:
        needed: The files that the result depends on.
        lasting: The result is valid wherever these files are equal, and may be cached.
        names: What the prompt file names, for the graph.
    """

    result: PromptResult
    needed: frozenset[str]
    lasting: bool = False
    names: Names = ()


def lint_prompts(
    catalog: Catalog,
    paths: Sequence[str],
    rules: Sequence[Rule],
    today: date,
    *,
    cache: LintCache,
    processes: int,
) -> dict[str, LintedPrompt]:
    """The results of each prompt, in the given order, cached or computed."""
    known = {path: cache.find(catalog.files, path) for path in paths}
    missing = [path for path, found in known.items() if found is None]
    run = _PromptsToLint(catalog, rules, today)
    computed = run.all(missing, processes)
    new = dict(zip(missing, computed, strict=True))
    for path, linted in new.items():
        catalog.graph.add_names(path, linted.names)
        if linted.lasting:
            cache.keep(catalog.files, path, CachedResult(linted.result, linted.needed))
    return {
        path: new[path] if found is None else LintedPrompt(found.result, found.needed)
        for path, found in known.items()
    }


@record(frozen=True, slots=True)
class _PromptsToLint:
    catalog: Catalog
    rules: Sequence[Rule]
    today: date

    def in_turn(self, paths: Sequence[str]) -> list[LintedPrompt]:
        self.catalog.files.prefetch(paths)
        with uncollected():
            return [self._one(path) for path in paths]

    def _one(self, path: str) -> LintedPrompt:
        catalog = self.catalog
        loaded = catalog.loaded(path)
        result = lint_one(catalog, loaded, self.rules, self.today)
        needed: frozenset[str] = frozenset()
        with CaughtBug() as bug:
            needed = catalog.dependencies(path) | _profile_files(catalog, loaded)
        if bug.error is not None:
            problem = bug.error.problem(Place(path), "the files it needs")
            result = replace(result, findings=(*result.findings, failed(problem, loaded)))
        lasting = result.portable and not result.failed
        return LintedPrompt(result, needed, lasting=lasting, names=catalog.graph.names(path))

    def all(self, paths: Sequence[str], processes: int) -> list[LintedPrompt]:
        """The same in several processes if there are many."""
        from promptops.storage.forked import in_processes

        def prepare() -> None:
            self.catalog.files.prefetch(self.catalog.files.entries)

        parts = in_processes(self.in_turn, paths, prepare=prepare, processes=processes)
        return [linted for part in parts for linted in part]


def _profile_files(catalog: Catalog, loaded: LoadedPrompt) -> frozenset[str]:
    """The configuration, if the prompt names a profile: some findings are placed in it."""
    path = catalog.config.path
    named = loaded.prompt is not None and loaded.prompt.model.profile in catalog.config.models
    return frozenset((path,)) if path is not None and named else frozenset()


# Cached lint results, keyed by the content of every file that the rules read.

MAX_CACHE_ENTRIES = 40_000
MAX_CACHE_FILES = 8
"""The number of configurations and rule selections whose results are kept."""

CacheEntry = tuple[tuple[tuple[str, str], ...], bytes]
"""The files that the result depends on, each with its state; and the pickled result, which is
unpickled only if the entry is valid. Empty for a result without findings and comments."""

_CODE_ENDINGS = (".py", ".json")
CLEAN_RESULT = PromptResult((), ())


@record(frozen=True, slots=True)
class CachedResult:
    """A valid result, and the files it depends on."""

    result: PromptResult
    needed: frozenset[str]


class LintCache:
    """One file in git's directory, read at the start and replaced at the end.

    An entry is valid for a prompt file of this path and content as long as each file it depends on
    is unchanged, or still missing. File times are ignored, so a fresh checkout can use the results
    of another one.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        """`folder` is None for no cache; `key` covers all dependencies of results except files."""
        self._file = folder / f"lint-{key[:16]}" if folder is not None else None
        self._key = key
        self._entries = _read_entries(self._file, key) if self._file is not None else {}
        self._fresh = False

    def find(self, files: Files, path: str) -> CachedResult | None:
        """The cached result for this file, if all its dependencies are unchanged."""
        entry = self._entries.get(f"{path}\0{file_state(files, path)}")
        if entry is None:
            return None
        needed, packed = entry
        for needed_path, known in needed:
            if file_state(files, needed_path) != known:
                return None
        return CachedResult(_unpacked(packed), frozenset([path for path, _ in needed]))

    def keep(self, files: Files, path: str, known: CachedResult) -> None:
        """Remember a result for the next run."""
        if self._file is not None:
            import pickle

            needed = tuple(
                (needed_path, file_state(files, needed_path))
                for needed_path in sorted(known.needed)
            )
            packed = b"" if known.result == CLEAN_RESULT else pickle.dumps(known.result, protocol=5)
            self._entries[f"{path}\0{file_state(files, path)}"] = (needed, packed)
            self._fresh = True

    def save(self) -> None:
        """Write new results to disk."""
        if self._file is not None and self._fresh:
            import pickle

            from promptops.storage.atomic import keep
            from promptops.storage.eviction import evict_to_count, statuses

            entries = dict(list(self._entries.items())[-MAX_CACHE_ENTRIES:])
            keep(self._file, pickle.dumps((self._key, entries), protocol=5))
            evict_to_count(statuses(self._file.parent.glob("lint-*")), MAX_CACHE_FILES)


def _unpacked(packed: bytes) -> PromptResult:
    if not packed:
        return CLEAN_RESULT
    import pickle

    result: PromptResult = pickle.loads(packed)
    return result


def file_state(files: Files, path: str) -> str:
    """The state of a file: its content id, and how it differs from a regular tracked file.

    The state of the first file of recordings covers all of them, so that an added one counts.
    """
    own = _state_of_one(files, path)
    if not path.endswith(RECORDINGS):
        return own
    further = [other for other in files.recordings(path) if other != path]
    return "\0".join((own, *(f"{other} {_state_of_one(files, other)}" for other in further)))


def _state_of_one(files: Files, path: str) -> str:
    entry = files.entries.get(path)
    if entry is None:
        return ""
    if entry.kind == "file" and entry.tracked:
        return entry.blob
    return f"{entry.blob} {entry.kind} {entry.tracked}"


def _read_entries(file: Path, key: str) -> dict[str, CacheEntry]:
    """The entries of a cache file with the same key; none if it is damaged."""
    import pickle

    try:
        with file.open("rb") as opened:
            kept_key, entries = pickle.load(opened)
    except Exception:  # noqa: BLE001  # pickle raises whatever a broken file makes it raise
        return {}
    return entries if kept_key == key else {}


# The key of a cache: all dependencies of results except files.


def cache_key(config: Config, rules: Iterable[Rule], today: date) -> str:
    """All dependencies of results except files: configuration, rules and their code.

    Contains the date if a rule depends on it, so that no result outlives its day.
    """
    import hashlib

    rules = tuple(rules)
    dated = any(rule.dated for rule in rules)
    # The configuration without the settings that are applied to results, not by rules.
    settings = LintSettings(
        required_metadata=config.lint.required_metadata, rules=config.lint.rules
    )
    facts = (
        repr(replace(config, lint=settings)),
        *(rule.code for rule in rules),
        own_code(),
        *(code_digest(folder) for folder in _plugin_folders(rules)),
        f"{sys.version_info}",
        str(today if dated else ""),
    )
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _plugin_folders(rules: Iterable[Rule]) -> Iterator[Path]:
    """The folders of the plugins that rules come from; or their one file."""
    names = {rule.check.__module__.partition(".")[0] for rule in rules} - {"promptops"}
    for module in (sys.modules[name] for name in sorted(names)):
        folders = getattr(module, "__path__", None)
        places = list(folders) if folders is not None else [module.__file__]
        yield from (Path(place) for place in places if place)


@cache
def own_code() -> str:
    """The hash of this package's files, of which a process runs one version."""
    return code_digest(Path(__file__).parents[2])


def code_digest(place: Path) -> str:
    """The hash of a package's files, or of one file."""
    import hashlib

    digest = hashlib.sha256()
    for file in sorted(_code_files(place)):
        with open(file, "rb") as opened:
            digest.update(opened.read())
    return digest.hexdigest()


def _code_files(place: Path) -> Iterator[str]:
    if place.is_file():
        yield str(place)
    for folder, _, names in os.walk(place):
        yield from (os.path.join(folder, name) for name in names if name.endswith(_CODE_ENDINGS))


# Files whose content on disk differs from what is staged.

MAX_PATHS = 100
"""Paths in one query of git: they are arguments of one command."""


def unstaged_files(repository: Repository, staged: Files, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the first MAX_PATHS paths that differ on disk from the index, in order.

    Git compares only files with other bytes, because a filter may convert line endings.
    """
    asked = sorted(set(paths))[:MAX_PATHS]
    differing = [path for path in asked if _on_disk(repository, path) != staged.data(path)]
    if not differing or repository.bare:
        return ()
    facts = ("--name-only", "-z", "--diff-filter=M", "--no-ext-diff", "--no-relative")
    return tuple(records(repository.git.run("diff", *facts, "--", *differing)))


def _on_disk(repository: Repository, path: str) -> bytes | None:
    try:
        return (repository.root / path).read_bytes()
    except OSError:
        return None
