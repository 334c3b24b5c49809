"""The gate: lint, and every case rendered, replayed from its recording and judged; one verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from promptops.jobs.baseline import baseline_data, baseline_path
from promptops.jobs.diff import Chosen, diff
from promptops.jobs.judge_risks import judge_risks
from promptops.jobs.lint import LintOptions, lint_selected
from promptops.jobs.selection import Selected, Wanted, merge_base, select
from promptops.jobs.sides import Asked, sides
from promptops.jobs.testing.run import Options, run_selected
from promptops.jobs.workspace import CHANNELS, Workspace, configuration, judged_by, opened
from promptops.model.change import DiffReport
from promptops.model.check import CheckReport
from promptops.model.config import Config, TestSettings
from promptops.model.place import Place
from promptops.model.report import LintReport
from promptops.model.test_run import CaseRun, TestRun
from promptops.repo.repository import INDEX, WORKTREE


def check(
    workspace: Workspace, wanted: Wanted, options: LintOptions, overrides: Sequence[str] = ()
) -> CheckReport:
    """Judge what was asked for. With a base, the base's policy holds, not the change's own."""
    risks: tuple[str, ...] = ()
    base = merge_base(workspace, wanted.since) if wanted.since is not None else None
    if base is not None:
        workspace, risks = _under_base_policy(workspace, base)
        options = replace(options, baseline_at=base)
    selected = select(workspace, wanted)
    if base is not None:
        risks = (*risks, *judge_risks(workspace, selected, base))
    report = lint_selected(workspace, selected, wanted, options)
    run = run_selected(workspace, selected, Options(baseline=base))
    return CheckReport(
        lint=_without_stale(report, run),
        test=run,
        why=selected.why,
        nothing="" if selected.why else _why_nothing(selected),
        risks=risks,
        fail_on=workspace.config.lint.fail_on,
        diff=_changes(workspace, selected, base, overrides) if base is not None else None,
    )


def _changes(
    workspace: Workspace, selected: Selected, base: str, overrides: Sequence[str]
) -> DiffReport:
    """What changed since the base, of the prompts that were selected and of those that are gone."""
    empty = not opened(workspace.repository, base).catalog.prompt_files
    asked = _asked(workspace.revision, base, empty)
    with sides(workspace.repository.root, asked, overrides) as both:
        report = diff(both, Chosen())
    known = workspace.catalog
    kept = (p for p in report.prompts if known.paths.get(p.id) in (None, *selected.why))
    return replace(report, prompts=tuple(kept))


def _asked(revision: str, base: str, empty: bool) -> Asked:
    """What is looked at against its base; against nothing where that has no prompts yet."""
    bases = () if empty else (base,)
    if revision in (WORKTREE, INDEX):
        staged = revision == INDEX
        return Asked(arguments=bases, staged=staged, worktree=not staged, root=empty)
    return Asked(arguments=(f"..{revision}" if empty else f"{base}..{revision}",), root=empty)


def _without_stale(report: LintReport, run: TestRun) -> LintReport:
    """Without what lint says of files whose cases the run itself calls stale."""
    told = {case.place.path for case in run.cases if case.status == "stale"}
    kept = (each for each in report.findings if each.code != _STALE or each.place.path not in told)
    return replace(report, findings=tuple(kept))


_STALE = "TST006"


def _why_nothing(selected: Selected) -> str:
    if selected.changed is None:
        return "there are no prompts here (`promptops init` begins)"
    if CHANNELS in selected.changed:
        return f"but for {CHANNELS}, which was looked at"
    return "nothing that prompts are made of changed"


def _under_base_policy(workspace: Workspace, base: str) -> tuple[Workspace, tuple[str, ...]]:
    """The workspace with the lint settings, waivers and budgets of the base."""
    policy = configuration(workspace.repository, base)
    head = workspace.config
    judged = replace(
        head,
        # What the change leaves out of the roots is still looked at.
        prompts=tuple(dict.fromkeys((*head.prompts, *policy.prompts))),
        schemas=tuple(dict.fromkeys((*head.schemas, *policy.schemas))),
        lint=policy.lint,
        test=_test_settings(policy, head),
        release=policy.release,
    )
    risks = [*_risks(policy, head), *_service_risks(policy, head)]
    workspace = judged_by(workspace, judged)
    if baseline_data(workspace, workspace.revision) != baseline_data(workspace, base):
        risks.append(f"{baseline_path(workspace)} changes which findings count; {_ONCE_MERGED}")
    return workspace, tuple(risks)


def _test_settings(base: Config, head: Config) -> TestSettings:
    """Those of the base, but for the services: like models, they are part of what was recorded."""
    services = {name: getattr(head.test, name) for name in _SERVICES}
    return replace(base.test, **services)


def _risks(base: Config, head: Config) -> Iterator[str]:
    base = replace(base, test=_test_settings(base, head))
    for name, effect in _EFFECTS.items():
        if getattr(base, name) != getattr(head, name):
            yield f"{head.path or base.path or 'the configuration'} changes `{name}`; {effect}"


def _service_risks(base: Config, head: Config) -> Iterator[str]:
    for name in _SERVICES:
        if getattr(base.test, name) != getattr(head.test, name):
            yield f"{head.path or base.path} changes `test.{name}`; answers are judged with it"


_SERVICES = ("embeddings", "moderations")

_ONCE_MERGED = "it counts once it is merged"
_EFFECTS = {
    "prompts": "those of the base are looked at, too",
    "schemas": "those of the base are looked at, too",
    "lint": _ONCE_MERGED,
    "test": _ONCE_MERGED,
    "release": _ONCE_MERGED,
    "models": "requests are rendered with it",
}


def failures(run: TestRun) -> Iterator[tuple[Place, str, CaseRun]]:
    """Each reason why a case has not passed, with its place."""
    for case in run.cases:
        if case.reason:
            yield case.place, case.reason, case
        for each in case.assertions:
            fails = each.status == "error" or (each.status == "failed" and each.must)
            if fails:
                yield each.place, f"`{each.type}`: {each.reason}", case
