"""Lint one file of a warm catalog; what did not change is not checked again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from promptops.errors import PromptopsError
from promptops.jobs.lint.baseline import read_baseline
from promptops.jobs.lint.lint import LintOptions, chosen_rules
from promptops.jobs.live.live_files import GitFacts
from promptops.jobs.workspace.rule_settings import available_names
from promptops.jobs.workspace.workspace import Workspace
from promptops.lint.engine import lint_catalog
from promptops.lint.pipeline import PromptResult, Silencers, conclude, lint_one
from promptops.lint.registry import Rule, built_in
from promptops.lint.subject import LintRun
from promptops.model.finding import Finding, Problem
from promptops.records import record, replace

MOST_USERS = 20
"""Of the prompts that use a file, so many are checked for findings in it."""


@record(frozen=True, slots=True)
class _Dated:
    """A result, and the day for which it is valid: rules can depend on the date."""

    day: date
    result: PromptResult


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
        self._today = today
        self.renew(facts)

    def renew(self, facts: GitFacts) -> None:
        """Use new facts from git; results of prompts stay, unless they may depend on such facts."""
        self._facts = facts
        known = self._results.items()
        self._results = {path: each for path, each in known if each.result.portable}
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

    def findings(self, path: str) -> tuple[Finding, ...]:
        """The findings in a file; see `Live.findings`."""
        users = self._users(path)
        checked = users[:MOST_USERS]
        today = self._today()
        found = [self._result(each, today) for each in checked]
        results = [*found, PromptResult(self._of_catalog, ())]
        complete = len(checked) == len(users) and path != self._catalog.config.path
        run = LintRun(today=today, complete=complete, base=self._facts.base)
        rules = [_without_check(rule) if _is_of_catalog(rule) else rule for rule in self._rules]
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
                found += _of_one(rule, self._rules, self._catalog, given)
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
        known = self._results.get(path)
        if known is None or known.day != today:
            loaded = self._catalog.loaded(path)
            known = _Dated(today, lint_one(self._catalog, loaded, self._rules, today))
            self._results[path] = known
        return known.result


def _is_of_catalog(rule: Rule) -> bool:
    return rule.checks_catalog and not rule.checks_suppressions


def _of_one(
    rule: Rule, rules: Sequence[Rule], catalog: Any, given: Mapping[str, Any]
) -> Iterator[Finding]:
    """One rule over the catalog; the others may report what it finds."""
    others = [_without_check(other) if other is not rule else rule for other in rules]
    return lint_catalog(catalog, others, given)


def _without_check(rule: Rule) -> Rule:
    """The rule as one that ran before: its findings are known."""
    return replace(rule, check=_nothing)


def _nothing(*_: Any) -> Iterator[Problem]:
    return iter(())
