"""Lint the catalog, or a part of it, at one revision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from promptops.commands.lint.baseline import read_baseline
from promptops.commands.lint.cache import LintCache, cache_key
from promptops.commands.lint.runner import LintedPrompt, lint_prompts
from promptops.lint.engine import Selection
from promptops.lint.pipeline import Outcome, Silencers, conclude
from promptops.lint.registry import Rule, built_in
from promptops.lint.rule_names import is_named_alone
from promptops.lint.subject import LintRun
from promptops.lint.suppressions import Counts
from promptops.model.finding import Finding
from promptops.model.internal_error import CODE
from promptops.model.report import LintReport, RuleInfo
from promptops.records import record, replace
from promptops.workspace.graph_cache import save_graph
from promptops.workspace.roots import refuse_missing_roots
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
from promptops.workspace.workspace import Workspace, content_at

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
    today = options.today or date.today()
    base = _base_files(workspace, wanted.since)
    groups = [*_paths_by_rules(workspace, selected, options)]
    linted: dict[str, LintedPrompt] = {} if known is None else known
    for chosen, given in groups:
        paths = [path for path in given if path not in linted]
        few = len(paths) < CACHED_FROM and not wanted.everything
        cache = _no_cache() if few else _cache(workspace, chosen, today, options)
        processes = options.processes or _cores()
        linted |= lint_prompts(catalog, paths, chosen, today, cache=cache, processes=processes)
        cache.save()
    rules = groups[-1][0]
    silencers = Silencers(
        waivers=workspace.config.lint.waivers,
        baseline=_baseline(workspace, options),
        counts=_counts(workspace, wanted, options, base),
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
        opt_in=_opt_in(groups),
    )


def _opt_in(groups: Iterable[tuple[tuple[Rule, ...], list[str]]]) -> dict[str, frozenset[str]]:
    """The prompts that each opt-in rule checked, by the code of the rule."""
    checked: dict[str, frozenset[str]] = {}
    for rules, paths in groups:
        for rule in rules:
            if rule.on == "opt-in":
                checked[rule.code] = checked.get(rule.code, frozenset()).union(paths)
    return checked


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


def _counts(
    workspace: Workspace, wanted: SelectionOptions, options: LintOptions, base: BaseFiles
) -> Counts:
    """Which comments may silence what they cover."""
    if not options.doubt_comments:
        return Silencers().counts
    from promptops.commands.lint.baseline import known_comments

    return known_comments(workspace.catalog, base if wanted.since is not None else _no_content)


def _no_content(_path: str) -> None:
    return None


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


def _base_files(workspace: Workspace, since: str | None) -> BaseFiles:
    """Reads files of the commit where the branch started, found on first use; else of HEAD."""
    if since is None:
        return lambda path: content_at(workspace.repository, "HEAD", path)
    base = lru_cache(lambda: merge_base(workspace, since))
    return lambda path: content_at(workspace.repository, base(), path)


def _cache(
    workspace: Workspace, rules: Sequence[Rule], today: date, options: LintOptions
) -> LintCache:
    if not options.use_cache:
        return _no_cache()
    key = cache_key(workspace.config, rules, today)
    return LintCache(workspace.repository.common_dir / "promptops", key)


def _baseline(workspace: Workspace, options: LintOptions) -> frozenset[str]:
    return read_baseline(workspace, options.baseline_at) if options.use_baseline else frozenset()


def _no_cache() -> LintCache:
    return LintCache(None, "")


def _cores() -> int:
    """The number of cores that this process may use; unknown on macOS."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def rule_infos(workspace: Workspace, options: LintOptions) -> dict[str, RuleInfo]:
    """Facts about the rules that ran, for reports, by code."""
    return _infos(chosen_rules(workspace, options))


def built_in_infos() -> dict[str, RuleInfo]:
    """Facts about the built-in rules, for reports, whatever the configuration selects."""
    return _infos(built_in().values())


def _infos(rules: Iterable[Rule]) -> dict[str, RuleInfo]:
    return {
        rule.code: RuleInfo(
            code=rule.code, name=rule.name, severity=rule.severity, summary=rule.summary
        )
        for rule in rules
    }
