"""The gate: lint and all test cases, rendered and replayed from recordings, with one verdict."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from promptops.analysis.masking import without_secrets
from promptops.errors import InputError
from promptops.jobs.gate.changes import changes_since
from promptops.jobs.gate.mutation import with_mutation
from promptops.jobs.gate.page import page_details
from promptops.jobs.gate.policy import (
    pending_policy_changes,
    policy_risks,
    under_policy,
    with_base_roots,
)
from promptops.jobs.gate.risks.change import change_risks
from promptops.jobs.gate.risks.checkout import checkout_risks
from promptops.jobs.gate.risks.probes import probe_recording_risks
from promptops.jobs.lint.lint import LintOptions, lint_selected
from promptops.jobs.probing.options import ProbeOptions
from promptops.jobs.probing.probe import probe_selected
from promptops.jobs.testing.runner import RunOptions, run_selected
from promptops.jobs.workspace.roots import refuse_missing_roots
from promptops.jobs.workspace.rule_settings import (
    available_names,
    refuse_unknown_rules,
    unknown_names,
    without_unknown,
)
from promptops.jobs.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.jobs.workspace.workspace import CHANNELS, Workspace, with_config, workspace_at
from promptops.lint.rule_names import RuleNames
from promptops.model.check import BOUNDARIES, CheckReport
from promptops.model.place import Place
from promptops.model.probe_run import ProbeRun, ProbeSet
from promptops.model.report import LintReport
from promptops.model.risk import Risk
from promptops.model.test_run import CaseRun, TestRun
from promptops.records import replace

_NAMED = 3

FOR_CHANGED_PROMPTS = (BOUNDARIES,)
"""Opt-in rules that a gate with a base runs: too slow for every prompt, but not for a few."""


def check(
    workspace: Workspace,
    wanted: SelectionOptions,
    options: LintOptions,
    overrides: Sequence[str] = (),
    *,
    coverage: bool = False,
    page: bool = False,
) -> CheckReport:
    """Run the gate on the selected prompts. With a base, the policy of the base applies.

    Args:
        overrides: Override the configuration of the change and of the base.
        coverage: Compute branch coverage even if no policy requires it.
        page: Add the details that only the HTML page shows.
    """
    cases = RunOptions(coverage=coverage)
    if wanted.since is None:
        report, checked = _without_base(workspace, wanted, options, cases), workspace
    else:
        report, checked = _against_base(workspace, wanted, options, overrides, cases)
    return replace(report, shown=page_details(checked, report)) if page else report


def check_release(workspace: Workspace, baseline: str | None, *, untrusted: bool) -> CheckReport:
    """Run the gate on all prompts before a release.

    Args:
        baseline: The revision whose recorded answers measures are compared with.
        untrusted: As `LintOptions` has it.
    """
    options, cases = LintOptions(untrusted=untrusted), RunOptions(baseline=baseline)
    return _without_base(workspace, SelectionOptions(), options, cases)


def _without_base(
    workspace: Workspace, wanted: SelectionOptions, options: LintOptions, cases: RunOptions
) -> CheckReport:
    refuse_missing_roots(workspace.config, workspace.catalog.files.entries)
    report = _checked(workspace, wanted, options, cases)
    return replace(report, risks=_without_secrets(checkout_risks(workspace, None)))


def _against_base(
    workspace: Workspace,
    wanted: SelectionOptions,
    options: LintOptions,
    overrides: Sequence[str],
    cases: RunOptions,
) -> tuple[CheckReport, Workspace]:
    since = wanted.since or ""
    commit = merge_base(workspace, since)
    base = _base(workspace, commit, overrides)
    refuse_unknown_rules(workspace, untrusted=options.untrusted)
    names = available_names(base.config.lint, untrusted=options.untrusted)
    policy = replace(base.config, lint=without_unknown(base.config.lint, names))
    own = under_policy(workspace.config, policy)
    head = with_config(workspace, own)
    checked = with_config(head, with_base_roots(own, base.config))
    wanted = replace(wanted, since=base.revision)
    options = replace(options, baseline_at=base.revision, extend_changed=FOR_CHANGED_PROMPTS)
    cases = replace(cases, baseline=base.revision)
    report = _checked(checked, wanted, options, cases, base)
    if head is not checked and report.passed and not wanted.patterns:
        # Files in the roots of the base must not hide what the change broke.
        alone = _checked(head, wanted, options, cases, base)
        report = report if alone.passed else alone
    report = with_mutation(report, checked, base)
    altered = policy_risks(checked, workspace.config, base)
    replaced = probe_recording_risks(checked, base) if policy.check.probes else ()
    found = (*altered, *checkout_risks(checked, base), *report.risks, *replaced)
    pending = pending_policy_changes(workspace, since, base, overrides)
    return replace(
        report,
        risks=_without_secrets(found),
        notes=(*pending, *_ignored_names(base, names)),
        diff=changes_since(base, head, wanted, report.why),
    ), checked


def _ignored_names(base: Workspace, names: RuleNames) -> Iterator[str]:
    for name in unknown_names(base.config.lint, names):
        yield f"the configuration of the base names `{name}`, which is not a rule: it is ignored"


def _without_secrets(risks: Iterable[Risk]) -> tuple[Risk, ...]:
    return tuple(replace(risk, message=without_secrets(risk.message)) for risk in risks)


def _base(workspace: Workspace, commit: str, overrides: Sequence[str]) -> Workspace:
    """The base; raises InputError if its configuration can't be read."""
    try:
        return workspace_at(workspace.repository, commit, overrides)
    except InputError as error:
        where = f"{commit[:12]}:{error.where}"
        hint = "the policy of the base is used: fix it there first, or name another base"
        raise InputError(error.message, where=where, hint=hint) from None


def _checked(
    workspace: Workspace,
    wanted: SelectionOptions,
    options: LintOptions,
    cases: RunOptions,
    base: Workspace | None = None,
) -> CheckReport:
    settings = workspace.config.check
    selected = select(workspace, wanted)
    report = lint_selected(workspace, selected, wanted, options)
    coverage = cases.coverage or settings.coverage is not None
    run = run_selected(workspace, selected, replace(cases, coverage=coverage))
    risks: tuple[Risk, ...] = ()
    if base is not None:
        untrusted = options.doubt_comments
        risks = tuple(change_risks(workspace, selected, base, report, untrusted=untrusted))
    return CheckReport(
        lint=without_repeats(report, run),
        test=run.failing_under(settings.coverage),
        why=selected.why,
        nothing="" if selected.why else _why_nothing(selected),
        risks=risks,
        probes=_probes(workspace, selected, cases, base),
        fail_on=workspace.config.lint.fail_on,
        refused=settings.fail_on,
        budgeted=_budgeted(workspace, selected),
        strict=workspace.config.release.on_inconclusive == "fail",
    )


def _probes(
    workspace: Workspace, selected: Selected, cases: RunOptions, base: Workspace | None
) -> ProbeRun | None:
    """The recorded answers to probes, by the rules of the base, if the policy has them replayed."""
    chosen = workspace.config.check.probes
    if chosen is None or not selected.why:
        return None
    options = ProbeOptions(probes=chosen, run=RunOptions(baseline=cases.baseline))
    policy = base.catalog if base is not None else None
    found = probe_selected(workspace, selected, options, policy)
    return replace(found, advice=_record(found, chosen)) if found.stale else found


def _record(found: ProbeRun, chosen: ProbeSet) -> str:
    """The command that requests the missing answers, and no others."""
    stale = [prompt.prompt for prompt in found.prompts if prompt.stale]
    names = stale if len(stale) <= _NAMED else []
    smoke = ["--smoke"] if chosen == "smoke" else []
    return shlex.join(["promptops", "probe", *names, *smoke, "--record"])


def _budgeted(workspace: Workspace, selected: Selected) -> int:
    """How many prompts have a budget, which lint checks for every request."""
    loaded = workspace.catalog.prompts(selected.why)
    return sum(file.prompt is not None and bool(file.prompt.budget) for file in loaded)


def _why_nothing(selected: Selected) -> str:
    if selected.changed is None:
        return "there are no prompts (`promptops init` creates one)"
    if CHANNELS in selected.changed:
        return f"except {CHANNELS}, which was checked"
    return "no file that prompts depend on changed"


_STALE = "TST006"
_INVALID = "TST009"
_FAILING = "TST012"


def without_repeats(report: LintReport, run: TestRun) -> LintReport:
    """The lint report without what the test run reports: stale cases and assertions."""
    stale = {case.place.path for case in run.cases if case.status == "stale"}
    errors = {case.place for case in run.cases if case.status == "error"}
    failing = {place for place, _, _ in failures(run)}
    remaining = (
        finding
        for finding in report.findings
        if not (finding.code == _STALE and finding.place.path in stale)
        and not (finding.code == _INVALID and finding.place in errors)
        and not (finding.code == _FAILING and finding.place in failing)
    )
    return replace(report, findings=tuple(remaining))


def failures(run: TestRun) -> Iterator[tuple[Place, str, CaseRun]]:
    """The reasons why cases did not pass, with their places."""
    for case in run.cases:
        if case.reason:
            yield case.place, case.reason, case
        for assertion in case.assertions:
            fails = assertion.status == "error" or (assertion.status == "failed" and assertion.must)
            if fails:
                yield assertion.place, f"`{assertion.type}`: {assertion.reason}", case
