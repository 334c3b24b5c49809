"""The gate: lint and all test cases, rendered and replayed from recordings, with one verdict.

With a base, its policy applies, and the report has the risks and the semantic changes since then.
"""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from promptops.analysis.masking import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.check.risks import change_risks, checkout_risks, probe_recording_risks
from promptops.commands.diff.comparison import ComparisonSide, empty_side, sides_between
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.commands.lint.baseline import baseline_data, baseline_path
from promptops.commands.lint.lint import LintOptions, lint_selected
from promptops.commands.mutate.mutate import MutateOptions, mutate_selected
from promptops.commands.probe.options import ProbeOptions
from promptops.commands.probe.probe import probe_selected
from promptops.errors import InputError, PromptopsError
from promptops.json_pointer import escaped
from promptops.lint.rule_names import RuleNames
from promptops.model.change import DiffReport
from promptops.model.check import BOUNDARIES, CheckReport, Shown
from promptops.model.config import CHANNELS_FILE, Config, ModelProfile, TestSettings
from promptops.model.finding import Finding
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.probe_run import ProbeRun, ProbeSet
from promptops.model.prompt import Prompt, TextPart, messages_of
from promptops.model.report import LintReport
from promptops.model.risk import Risk
from promptops.model.test_run import CaseRun, TestRun
from promptops.records import fields, is_record, record, replace
from promptops.repo.default_branch import trusted_branch
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.source.toml_places import TomlPlaces
from promptops.testing.options import RunOptions
from promptops.testing.runner import run_selected
from promptops.workspace.rule_settings import (
    available_names,
    refuse_unknown_rules,
    unknown_names,
    without_unknown,
)
from promptops.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.workspace.workspace import (
    Workspace,
    config_places,
    configuration,
    refuse_missing_roots,
    with_config,
    workspace_at,
)

_MOST_PROMPTS_NAMED = 3

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
        notes=(*adopted.notes, *pending, *_ignored_names(base, names)),
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
    return replace(found, advice=_command_to_record(found, chosen)) if found.stale else found


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


# Why cases fail, and the findings that only repeat it.

_STALE_SNAPSHOT = "TST006"
_INVALID_ASSERTION = "TST009"
_FAILING_ASSERTION = "TST012"


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


def failures(run: TestRun) -> Iterator[tuple[Place, str, CaseRun]]:
    """The reasons why cases did not pass, with their places."""
    for case in run.cases:
        if case.reason:
            yield case.place, case.reason, case
        for assertion in case.assertions:
            fails = assertion.status == "error" or (assertion.status == "failed" and assertion.must)
            if fails:
                yield assertion.place, f"`{assertion.type}`: {assertion.reason}", case


# A change that introduces promptops: there is no policy yet that it could loosen.


@record(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What applies of the change itself, because its base lacks it.

    Attributes:
        settings: The configuration, with its waivers.
        baseline: The accepted findings.
        complete: The base has no prompts either, so nothing was checked before.
    """

    settings: bool = False
    baseline: bool = False
    complete: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the verdict begins with."""
        if not (self.settings or self.baseline):
            return ()
        return (f"first adoption: this change brings its own {_BROUGHT[self.settings]}",)


_BROUGHT = {True: "settings", False: "baseline"}


def adoption(
    workspace: Workspace,
    since: str,
    base: Workspace,
    overrides: Sequence[str],
    *,
    untrusted: bool,
) -> Adoption:
    """What a change brings that its base lacks, and that the branches it is for lack, too.

    Settings are lacking without a configuration; the baseline without prompts and without its file.

    Args:
        untrusted: Only a change whose base lacks both configuration and prompts brings anything.
    """
    if base.config.path is not None and base.catalog.prompt_files:
        return Adoption()
    try:
        bases = [base, *_branches_to_merge_into(workspace, since, overrides)]
    except PromptopsError:  # a configuration that can't be read is one
        return Adoption()
    configured = any(each.config.path is not None for each in bases)
    managed = any(each.catalog.prompt_files for each in bases)
    if untrusted and (configured or managed):
        return Adoption()
    policy = with_config(workspace, base.config) if configured else workspace
    settings = not configured and workspace.config.path is not None
    return Adoption(
        settings=settings,
        baseline=not managed and _only_change_has_baseline(policy, bases),
        complete=settings and not managed,
    )


def _branches_to_merge_into(
    workspace: Workspace, since: str, overrides: Sequence[str]
) -> Iterator[Workspace]:
    """The compared branch and the default branch as they are now, unless they have the change."""
    repository = workspace.repository
    head = repository.resolve("HEAD" if workspace.revision in SIDE_TITLES else workspace.revision)
    names = filter(None, (since, trusted_branch(repository)))
    tips = dict.fromkeys(filter(None, map(repository.find, names)))
    for tip in tips:
        if repository.merge_base(tip, head) != head:
            yield workspace_at(repository, tip, overrides)


def _only_change_has_baseline(policy: Workspace, bases: Iterable[Workspace]) -> bool:
    before = (baseline_data(policy, each.revision) for each in bases)
    return not any(data is not None for data in before) and (
        baseline_data(policy, policy.revision) is not None
    )


# The policy of a gate, taken from the base of the change.

_JUDGING_SERVICES = ("embeddings", "moderations")
_POLICY_SETTINGS = (
    "lint",
    "test",
    "release",
    "diff",
    "check",
    "compare",
    "probe",
    "mutate",
    "drift",
    "score",
)
_ROOTS = ("prompts", "schemas")
_ROOTS_OF_BASE = "those of the base are checked too"
_ONCE_MERGED = "it takes effect once it is merged"
_IN_FORCE = "it applies to this change, because the base has no configuration"


def under_policy(head: Config, base: Config) -> Config:
    """The configuration of a change, with the policy settings of its base."""
    return replace(
        head,
        models=_models_under_policy(base, head),
        lint=base.lint,
        test=_test_settings(base, head),
        release=base.release,
        diff=base.diff,
        check=base.check,
        compare=base.compare,
        probe=base.probe,
        mutate=base.mutate,
        drift=base.drift,
        score=base.score,
    )


def _models_under_policy(base: Config, head: Config) -> Mapping[str, ModelProfile]:
    """The models of a change, with the prices and limits of its base."""
    known = {(profile.provider, profile.id): profile for profile in base.models.values()}
    return {name: _with_limits_of_base(profile, known) for name, profile in head.models.items()}


def _with_limits_of_base(
    profile: ModelProfile, known: Mapping[tuple[str, str], ModelProfile]
) -> ModelProfile:
    same = known.get((profile.provider, profile.id))
    if same is None:
        return profile
    return replace(
        profile,
        price=same.price,
        context_window=same.context_window,
        max_output_tokens=same.max_output_tokens,
    )


def _test_settings(base: Config, head: Config) -> TestSettings:
    """The settings of the base, except the services: like models, they belong to the recordings."""
    services = {name: getattr(head.test, name) for name in _JUDGING_SERVICES}
    return replace(base.test, **services)


def with_base_roots(config: Config, base: Config) -> Config:
    """The configuration with the roots of the base added, so that a change can't hide files."""
    return replace(
        config,
        prompts=tuple(dict.fromkeys((*config.prompts, *base.prompts))),
        schemas=tuple(dict.fromkeys((*config.schemas, *base.schemas))),
    )


def policy_risks(
    checked: Workspace, head: Config, base: Workspace, adopted: Adoption
) -> Iterator[Risk]:
    """Risks for the policy settings that a change alters; none for the settings of a new policy.

    Args:
        checked: The workspace of the change, under the policy that applies.
        head: The configuration of the change itself.
    """
    if not adopted.complete:
        places = config_places(checked.repository, checked.revision, head.path)
        effect = _IN_FORCE if adopted.settings else _ONCE_MERGED
        yield from _setting_risks(base.config, head, places, effect)
        yield from _model_risks(base.config, head, places)
        yield from _service_risks(base.config, head, places)
    if adopted.baseline:
        return
    if baseline_data(checked, checked.revision) != baseline_data(checked, base.revision):
        path = baseline_path(checked)
        message = f"the baseline changes which findings count; {_ONCE_MERGED}"
        yield Risk(message=message, place=Place(path))


def _setting_risks(base: Config, head: Config, places: TomlPlaces, effect: str) -> Iterator[Risk]:
    base = replace(base, test=_test_settings(base, head))
    for name in (*_ROOTS, *_POLICY_SETTINGS):
        was, now = getattr(base, name), getattr(head, name)
        if was != now:
            keys = _changed_keys(name, was, now)
            named = " and ".join(f"`{key}`" for key in keys)
            verb = "changes" if len(keys) == 1 else "change"
            place = places.place(f"/{keys[0].replace('.', '/')}")
            what = _ROOTS_OF_BASE if name in _ROOTS else effect
            yield Risk(message=f"{named} {verb}; {what}", place=place)


def _changed_keys(name: str, was: object, now: object) -> list[str]:
    """The changed keys as written, such as `lint.per-file-ignores`."""
    if not is_record(was):
        return [name]
    keys = [field.name for field in fields(was)]
    altered = [key for key in keys if getattr(was, key) != getattr(now, key)]
    return [f"{name}.{key.replace('_', '-')}" for key in altered]


def _model_risks(base: Config, head: Config, places: TomlPlaces) -> Iterator[Risk]:
    """A risk for each profile that is new, removed or different."""
    for name in sorted(base.models.keys() | head.models.keys()):
        was, now = base.models.get(name), head.models.get(name)
        if was != now:
            place = places.place(f"/models/{escaped(name)}")
            yield Risk(message=_model_change(name, was, now), place=place)


def _model_change(name: str, was: ModelProfile | None, now: ModelProfile | None) -> str:
    if was is None:
        return f"`models.{name}` is new: check its model, address and API key variable"
    if now is None:
        return f"`models.{name}` was removed"
    return (
        f"`models.{name}` differs: this check uses its new settings, but the prices and limits "
        "of the base branch"
    )


def _service_risks(base: Config, head: Config, places: TomlPlaces) -> Iterator[Risk]:
    for name in _JUDGING_SERVICES:
        if getattr(base.test, name) != getattr(head.test, name):
            message = f"`test.{name}` changes; it is used to judge answers"
            yield Risk(message=message, place=places.place(f"/test/{name}"))


def pending_policy_changes(
    workspace: Workspace, since: str, base: Workspace, overrides: Sequence[str]
) -> Iterator[str]:
    """Policy settings that changed on the base branch since this branch left it, one line each.

    They apply once the branches are merged.
    """
    repository = workspace.repository
    tip = repository.find(since) if since else None
    if tip is None or tip == base.revision:
        return
    try:
        policy = configuration(repository, tip, overrides)
    except PromptopsError:
        return  # a broken configuration is reported when it is merged
    for name in _POLICY_SETTINGS:
        if getattr(policy, name) != getattr(base.config, name):
            yield f"`{name}` has changed on {since}, which has no effect yet: merge it"


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


# What only the HTML page of a gate needs: details to show, and whether git ignores its file.


def page_details(workspace: Workspace, report: CheckReport) -> Shown:
    """The revision that was checked, and the files of its findings."""
    catalog, revision = workspace.catalog, workspace.revision
    commit_name = "HEAD" if revision in (WORKTREE, INDEX) else revision
    paths = list(dict.fromkeys(_mentioned_paths(report)))
    catalog.files.prefetch(paths)
    return Shown(
        head=SIDE_TITLES.get(revision, revision),
        commit=workspace.repository.find(commit_name) or "",
        ids={path: catalog.ids.get(path, path) for path in report.why},
        sources={
            path: catalog.masked(path).text
            for path in paths
            if catalog.files.text(path) is not None
        },
        users=dict(_users_of_files(catalog, report.lint.findings)),
    )


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


def unignored_files(repository: Repository, directory: Path, files: Iterable[str]) -> list[str]:
    """The written files below the root that git does not ignore.

    Args:
        files: Relative to `directory`; "-" is stdout.
    """
    if repository.bare:
        return []
    below = {file: (directory / file).resolve() for file in files if file != "-"}
    root = repository.root.resolve()
    return [
        file
        for file, path in below.items()
        if path.is_relative_to(root) and not repository.is_ignored(str(path.relative_to(root)))
    ]


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
