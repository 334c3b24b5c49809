"""The gate: lint and all test cases, rendered and replayed from recordings, with one verdict.

With a base, its policy applies, and the report has the risks and the semantic changes since then.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from promptops.analysis.secrets import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.check.policy import (
    adoption,
    pending_policy_changes,
    policy_risks,
    under_policy,
    with_base_roots,
)
from promptops.commands.check.risks import change_risks, checkout_risks, probe_recording_risks
from promptops.commands.diff.comparison import ComparisonSide, empty_side, sides_between
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.commands.lint.lint import LintOptions, lint_selected
from promptops.commands.mutate.mutate import MutateOptions, mutate_selected
from promptops.commands.probe.probe import ProbeOptions, probe_selected
from promptops.errors import InputError
from promptops.lint.registry import RuleNames
from promptops.model.change import DiffReport
from promptops.model.check import BOUNDARIES, CheckReport, Shown, SourceLinks
from promptops.model.config import CHANNELS_FILE
from promptops.model.finding import Finding
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.probe import ProbeRun, ProbeSet
from promptops.model.prompt import Prompt, TextPart, messages_of
from promptops.model.report import LintReport, Risk
from promptops.model.test_run import CaseRun, TestRun
from promptops.patterns import lazy_pattern
from promptops.plurals import some, some_lines
from promptops.records import replace
from promptops.replay.known import stale_recordings
from promptops.repo.repository import INDEX, WORKTREE
from promptops.source.recording_files import moved
from promptops.testing.options import RunOptions
from promptops.testing.runner import CaseRunner
from promptops.workspace.rule_settings import (
    available_names,
    refuse_unknown_rules,
    unknown_names,
    without_unknown,
)
from promptops.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.workspace.workspace import (
    Workspace,
    managed_paths,
    refuse_missing_roots,
    with_config,
    workspace_at,
)

_MOST_PROMPTS_NAMED = 3
_MOST_FILES_NAMED = 10

FOR_CHANGED_PROMPTS = (BOUNDARIES,)
"""Opt-in rules that a gate with a base runs: too slow for every prompt, but not for a few."""


def check(
    workspace: Workspace,
    wanted: SelectionOptions,
    options: LintOptions,
    overrides: Sequence[str] = (),
    *,
    page: bool = False,
) -> CheckReport:
    """Run the gate on the selected prompts. With a base, the policy of the base applies.

    Args:
        overrides: Override the configuration of the change and of the base.
        page: Add the details that only the HTML page shows, such as branch coverage that no policy
            requires.
    """
    cases = RunOptions(coverage=page)
    if wanted.since is None:
        report, checked = _without_base(workspace, wanted, options, cases), workspace
    else:
        report, checked = _against_base(workspace, wanted, options, overrides, cases)
    report = replace(report, notes=(*report.notes, *_stale_recordings(checked, report.why)))
    if not page:
        return report
    report = replace(report, shown=page_details(checked, report))
    if checked.config.check.coverage is not None:
        return report
    return replace(report, test=replace(report.test, coverage=()))


def _stale_recordings(workspace: Workspace, selected: Container[str]) -> Iterator[str]:
    """Recordings of the application's own tests whose prompts have changed since."""
    found = list(stale_recordings(workspace, selected))
    if found:
        yield from some_lines(found, _MOST_FILES_NAMED, "recording")
        yield "to record them again: pytest --promptops-record"


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
    base = _base_workspace(workspace, commit, overrides)
    refuse_unknown_rules(workspace, untrusted=options.untrusted)
    names = available_names(base.config.lint, untrusted=options.untrusted)
    policy = replace(base.config, lint=without_unknown(base.config.lint, names))
    adopted = adoption(workspace, since, base, overrides, untrusted=options.untrusted)
    own = workspace.config if adopted.settings else under_policy(workspace.config, policy)
    if adopted.settings:
        refuse_missing_roots(own, workspace.catalog.files.entries)
    head = with_config(workspace, own)
    checked = head if adopted.complete else with_config(head, with_base_roots(own, base.config))
    wanted = replace(wanted, since=base.revision)
    baseline_at = None if adopted.baseline else base.revision
    options = replace(options, baseline_at=baseline_at, extend_changed=FOR_CHANGED_PROMPTS)
    cases = replace(cases, baseline=base.revision)
    report = _checked(checked, wanted, options, cases, base)
    if head is not checked and report.passed and not wanted.patterns:
        # Files in the roots of the base must not hide what the change broke.
        alone = _checked(head, wanted, options, cases, base)
        report = report if alone.passed else alone
    report = with_mutation(report, checked, base)
    altered = policy_risks(checked, workspace.config, base, adopted)
    replaced = probe_recording_risks(checked, base) if own.check.probes else ()
    found = (*altered, *checkout_risks(checked, base), *report.risks, *replaced)
    pending = pending_policy_changes(workspace, since, base, overrides)
    return replace(
        report,
        risks=_without_secrets(found),
        notes=(
            *adopted.notes,
            *_uncommitted_note(workspace),
            *pending,
            *_ignored_names(base, names),
        ),
        diff=changes_since(base, head, wanted, report.why),
    ), checked


def _base_workspace(workspace: Workspace, commit: str, overrides: Sequence[str]) -> Workspace:
    """The base; raises InputError if its configuration can't be read."""
    try:
        return workspace_at(workspace.repository, commit, overrides)
    except InputError as error:
        where = f"{commit[:12]}:{error.where}"
        hint = "the policy of the base is used: fix it there first, or name another base"
        raise InputError(error.message, where=where, hint=hint) from None


def _uncommitted_note(workspace: Workspace) -> Iterator[str]:
    """Which files on disk are not in the commit that is checked by default."""
    repository = workspace.repository
    if workspace.revision != "HEAD" or repository.bare:
        return
    changed = repository.uncommitted(managed_paths(workspace.config))
    if changed:
        files = some(changed, _MOST_FILES_NAMED, "file")
        how = "--at worktree checks the files on disk, --at index the index"
        yield f"not checked: uncommitted changes in {files} ({how})"


def _ignored_names(base: Workspace, names: RuleNames) -> Iterator[str]:
    for name in unknown_names(base.config.lint, names):
        yield f"the configuration of the base names `{name}`, which is not a rule: it is ignored"


def _without_secrets(risks: Iterable[Risk]) -> tuple[Risk, ...]:
    return tuple(replace(risk, message=without_secrets(risk.message)) for risk in risks)


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
    run = CaseRunner(workspace, selected, replace(cases, coverage=coverage)).run()
    risks: tuple[Risk, ...] = ()
    if base is not None:
        untrusted = options.doubt_comments
        risks = tuple(change_risks(workspace, selected, base, report, untrusted=untrusted))
    run = _with_renames(run, report, workspace.catalog).failing_under(settings.coverage)
    return CheckReport(
        lint=without_repeats(report, run),
        test=run,
        why=selected.why,
        nothing="" if selected.why else _why_nothing(selected),
        risks=risks,
        probes=_probes(workspace, selected, cases, base),
        fail_on=workspace.config.lint.fail_on,
        refused=settings.fail_on,
        budgeted=_number_with_budget(workspace, selected),
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
    return replace(found, next=_command_to_record(found, chosen)) if found.stale else found


def _command_to_record(found: ProbeRun, chosen: ProbeSet) -> str:
    """The command that requests the missing answers, and no others."""
    stale = [prompt.prompt for prompt in found.prompts if prompt.stale]
    names = stale if len(stale) <= _MOST_PROMPTS_NAMED else []
    smoke = ["--smoke"] if chosen == "smoke" else []
    return shlex.join(["promptops", "probe", *names, *smoke, "--record"])


def _number_with_budget(workspace: Workspace, selected: Selected) -> int:
    """How many prompts have a budget, which lint checks for every request."""
    loaded = workspace.catalog.prompts(selected.why)
    return sum(file.prompt is not None and bool(file.prompt.budget) for file in loaded)


def _why_nothing(selected: Selected) -> str:
    if selected.changed is None:
        return "there are no prompts (`promptops init` creates one)"
    if CHANNELS_FILE in selected.changed:
        return f"except {CHANNELS_FILE}, which was checked"
    return "no file that prompts depend on changed"


# Why cases fail, the findings that only repeat it, and the one that has a better next command.

_STALE_SNAPSHOT = "TST006"
_INVALID_ASSERTION = "TST009"
_FAILING_ASSERTION = "TST012"
_UNUSED_FILE = "REP003"


def without_repeats(report: LintReport, run: TestRun) -> LintReport:
    """The lint report without what the test run reports: stale cases and assertions."""
    stale = {case.place.path for case in run.cases if case.status == "stale"}
    errors = {case.place for case in run.cases if case.status == "error"}
    failing = {place for place, _, _ in failures(run)}
    remaining = (
        finding
        for finding in report.findings
        if not (finding.code == _STALE_SNAPSHOT and finding.place.path in stale)
        and not (finding.code == _INVALID_ASSERTION and finding.place in errors)
        and not (finding.code == _FAILING_ASSERTION and finding.place in failing)
    )
    return replace(report, findings=tuple(remaining))


def _with_renames(run: TestRun, report: LintReport, catalog: Catalog) -> TestRun:
    """The run; if missing recordings only have an old name, the next command renames them."""
    stale = {case.prompt for case in run.cases if case.status == "stale"}
    commands = [
        shlex.join(("git", "mv", path, moved(path, catalog.recordings_of(prompt))))
        for path, prompt in _unused_recordings(report)
        if catalog.id_of(prompt) in stale
    ]
    return replace(run, next=" && ".join(commands)) if commands else run


def _unused_recordings(report: LintReport) -> Iterator[tuple[str, str]]:
    """Unused files of recordings, each with the prompt file that sends their requests."""
    for finding in report.findings:
        for related in finding.related if finding.code == _UNUSED_FILE else ():
            yield finding.place.path, related.place.path


def failures(run: TestRun) -> Iterator[tuple[Place, str, CaseRun]]:
    """The reasons why cases did not pass, with their places."""
    for case in run.cases:
        if case.reason:
            yield case.place, case.reason, case
        for assertion in case.assertions:
            fails = assertion.status == "error" or (assertion.status == "failed" and assertion.must)
            if fails:
                yield assertion.place, f"`{assertion.type}`: {assertion.reason}", case


# The changes since the base of a gate, and the required version bump.

SIDE_TITLES = {WORKTREE: "the work tree", INDEX: "the index"}
"""Titles of sides that are not commits."""


def changes_since(
    base: Workspace, head: Workspace, wanted: SelectionOptions, selected: Container[str]
) -> DiffReport:
    """The changes of the selected and of the removed prompts.

    Everything is new if the base has no prompts. Tokens are estimated, so that the verdict does not
    depend on the machine.
    """
    newer = _side(head, SIDE_TITLES.get(head.revision, head.revision))
    older = _side(base, base.revision[:12]) if base.catalog.prompt_files else empty_side(newer)
    chosen = DiffOptions(patterns=wanted.patterns, estimated=True)
    report = diff(sides_between(head.repository, older, newer), chosen)
    paths = head.catalog.paths
    every = wanted.selectors == ()  # removed prompts have no metadata to select them by
    remaining = (
        prompt
        for prompt in report.prompts
        if _is_included(paths.get(prompt.id), selected, gone=every)
    )
    return replace(report, prompts=tuple(remaining))


def _side(workspace: Workspace, title: str) -> ComparisonSide:
    """The side of an open workspace."""
    revision = workspace.revision
    is_commit = revision not in (WORKTREE, INDEX)
    commit = workspace.repository.resolve(revision) if is_commit else None
    return ComparisonSide(
        title=title,
        catalog=workspace.catalog,
        config=workspace.config,
        commit=commit,
        revision=commit or revision,
    )


def _is_included(path: str | None, selected: Container[str], *, gone: bool) -> bool:
    return gone if path is None else path in selected


# What only the HTML page of a gate needs.


def page_details(workspace: Workspace, report: CheckReport) -> Shown:
    """The revision that was checked, the files of its findings, and branch coverage."""
    catalog, revision = workspace.catalog, workspace.revision
    commit_name = "HEAD" if revision in (WORKTREE, INDEX) else revision
    commit = workspace.repository.find(commit_name) or ""
    paths = list(dict.fromkeys(_mentioned_paths(report)))
    catalog.files.prefetch(paths)
    return Shown(
        head=SIDE_TITLES.get(revision, revision),
        commit=commit,
        ids={path: catalog.ids.get(path, path) for path in report.why},
        sources={
            path: catalog.masked(path).text
            for path in paths
            if catalog.files.text(path) is not None
        },
        users=dict(_users_of_files(catalog, report.lint.findings)),
        coverage=report.test.coverage,
        links=source_links(os.environ, commit) if revision == commit_name else None,
    )


_WEB_ADDRESS = lazy_pattern(r"https?://[A-Za-z0-9][\w.:/~%-]*")


def source_links(environment: Mapping[str, str], commit: str) -> SourceLinks | None:
    """The addresses of a commit by the variables of GitHub Actions, GitLab CI or Bitbucket."""
    github = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    for web, commits, files, line in (
        ("/".join(filter(None, github)) if all(github) else "", "/commit/", "/blob/", "#L"),
        (environment.get("CI_PROJECT_URL", ""), "/-/commit/", "/-/blob/", "#L"),
        (environment.get("BITBUCKET_GIT_HTTP_ORIGIN", ""), "/commits/", "/src/", "#lines-"),
    ):
        if commit and _WEB_ADDRESS.fullmatch(web):
            return SourceLinks(f"{web}{commits}{commit}", f"{web}{files}{commit}/", line)
    return None


def _mentioned_paths(report: CheckReport) -> Iterator[str]:
    for finding in report.lint.findings:
        yield finding.place.path
        yield from (related.place.path for related in finding.related)
    for row in report.test.coverage:
        yield from (branch.place.path for branch in row.uncovered)


def _users_of_files(
    catalog: Catalog, findings: Iterable[Finding]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in dict.fromkeys(finding.place.path for finding in findings if not finding.prompt):
        yield path, tuple(catalog.ids[user] for user in catalog.includers(path))


# What the cases of changed prompts notice of mutants.

MOST_RENDERS = 4_000
"""The estimated number of renderings that the gate may add; about 10 s of CPU at most."""

_CHARACTERS_OF_A_MUTANT = 30


def with_mutation(report: CheckReport, workspace: Workspace, base: Workspace) -> CheckReport:
    """The report with the result of mutation testing, if the policy requests it.

    It makes no API calls. Prompts that exceed the limit of renderings are left out and counted.
    """
    if not workspace.config.check.mutation:
        return report
    loaded = list(workspace.catalog.prompts(report.why))
    fitting = _fitting(workspace.catalog, loaded)
    chosen = Selected({path: report.why[path] for path in fitting}, frozenset(fitting))
    run = mutate_selected(workspace, chosen, MutateOptions(run=RunOptions()), base.revision)
    run = replace(run, since=base.revision)
    return replace(report, mutation=run, unmutated=len(loaded) - len(fitting))


def _fitting(catalog: Catalog, loaded: Iterable[LoadedPrompt]) -> list[str]:
    """The paths of the prompts that fit together into the limit."""
    room, found = MOST_RENDERS, []
    for prompt_file in loaded:
        prompt = prompt_file.prompt
        renders = _renders(catalog, prompt) if prompt is not None else 0
        if renders <= room:
            room -= renders
            found.append(prompt_file.path)
    return found


def _renders(catalog: Catalog, prompt: Prompt) -> int:
    """An estimate of how often mutation testing renders a prompt: each mutant with each case."""
    parts = [part for message in messages_of(prompt.messages) for part in message.parts]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    characters = sum(len(text.value) for text in (*texts, *catalog.reached(prompt)))
    return len(prompt.cases) * (1 + characters // _CHARACTERS_OF_A_MUTANT)
