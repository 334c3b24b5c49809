"""The gate: lint, and every case rendered and judged by its `rendered` assertions; one verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from promptops.evals.parse import problems
from promptops.evals.rendered import Judged, judge
from promptops.jobs.baseline import baseline_data, baseline_path
from promptops.jobs.lint import LintOptions, lint_selected
from promptops.jobs.selection import Selected, Wanted, merge_base, select
from promptops.jobs.workspace import Workspace, configuration, judged_by
from promptops.model.config import Config
from promptops.model.finding import Problem, Severity
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.report import LintReport
from promptops.runtime.render import Renderer, RenderError


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case, rendered and judged.

    Attributes:
        error: Why it could not be judged: it can't be rendered, or what it asserts makes no sense,
            or is nothing; else None.
        place: Of the case, or of what is in error.
    """

    prompt: str
    name: str
    assertions: tuple[Judged, ...]
    place: Place
    error: str | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and all(each.passed for each in self.assertions)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The verdict, and what it rests on.

    Attributes:
        risks: What the change would alter in the rules it is judged by; they count from the base.
        fail_on: From which severity on a finding fails the gate.
    """

    lint: LintReport
    cases: tuple[CaseResult, ...]
    selected: Selected
    risks: tuple[str, ...]
    fail_on: Severity
    duration_s: float

    @property
    def passed(self) -> bool:
        findings = any(finding.severity >= self.fail_on for finding in self.lint.findings)
        return not findings and all(case.passed for case in self.cases)


def check(workspace: Workspace, wanted: Wanted, options: LintOptions) -> CheckReport:
    """Judge what was asked for. With a base, the base's policy holds, not the change's own."""
    start = time.perf_counter()
    risks: tuple[str, ...] = ()
    if wanted.since is not None:
        base = merge_base(workspace, wanted.since)
        workspace, risks = _under_base_policy(workspace, base)
        options = replace(options, baseline_at=base)
    selected = select(workspace, wanted)
    report = lint_selected(workspace, selected, wanted, options)
    return CheckReport(
        lint=report,
        cases=tuple(_cases(workspace, selected)),
        selected=selected,
        risks=risks,
        fail_on=workspace.config.lint.fail_on,
        duration_s=time.perf_counter() - start,
    )


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
        test=policy.test,
        release=policy.release,
    )
    risks = [*_risks(policy, head)]
    workspace = judged_by(workspace, judged)
    if baseline_data(workspace, workspace.revision) != baseline_data(workspace, base):
        risks.append(f"{baseline_path(workspace)} changes which findings count; {_ONCE_MERGED}")
    return workspace, tuple(risks)


def _risks(base: Config, head: Config) -> Iterator[str]:
    for name, effect in _EFFECTS.items():
        if getattr(base, name) != getattr(head, name):
            yield f"{head.path or base.path or 'the configuration'} changes `{name}`; {effect}"


_ONCE_MERGED = "it counts once it is merged"
_EFFECTS = {
    "prompts": "those of the base are looked at, too",
    "schemas": "those of the base are looked at, too",
    "lint": _ONCE_MERGED,
    "test": _ONCE_MERGED,
    "release": _ONCE_MERGED,
    "models": "requests are rendered with it",
}


def _cases(workspace: Workspace, selected: Selected) -> Iterator[CaseResult]:
    catalog = workspace.catalog
    for loaded in catalog.prompts(selected.why):
        if loaded.prompt is not None:
            yield from _of_prompt(workspace, loaded.prompt)


def _of_prompt(workspace: Workspace, prompt: Prompt) -> Iterator[CaseResult]:
    try:
        renderer = Renderer(prompt, workspace.catalog.load, workspace.catalog.files.data)
    except RenderError as error:
        for case in prompt.cases:
            yield _not_rendered(prompt, case, error)
        return
    for case in prompt.cases:
        yield _judged(renderer, prompt, case)


def _judged(renderer: Renderer, prompt: Prompt, case: Case) -> CaseResult:
    """A case that can't fail has not passed: it is an error, like one that can't be rendered."""
    wrong = next(_of_answers(case), None)
    if wrong is not None and isinstance(wrong.at, Place):
        return _in_error(prompt, case, wrong.at, wrong.message)
    if not (case.rendered or case.output or prompt.evaluation.get("assertions")):
        return _in_error(prompt, case, case.locate(case.at, False), "it asserts nothing")
    try:
        request = renderer.request(case.inputs)
    except RenderError as error:
        return _not_rendered(prompt, case, error)
    return CaseResult(
        prompt=prompt.id,
        name=case.name,
        assertions=judge(request, case),
        place=case.locate(case.at, False),
    )


def _of_answers(case: Case) -> Iterator[Problem]:
    """What is wrong with the assertions that only an answer can be judged by."""
    return problems(replace(case, rendered=()))


def _not_rendered(prompt: Prompt, case: Case, error: RenderError) -> CaseResult:
    place = error.place or case.locate(f"{case.at}/inputs", False)
    return _in_error(prompt, case, place, f"it can't be rendered: {error.message}")


def _in_error(prompt: Prompt, case: Case, place: Place, message: str) -> CaseResult:
    return CaseResult(prompt=prompt.id, name=case.name, assertions=(), place=place, error=message)


def failures(cases: Sequence[CaseResult]) -> Iterator[tuple[Place, str, CaseResult]]:
    """Each reason why a case fails, with its place."""
    for case in cases:
        if case.error is not None:
            yield case.place, case.error, case
        for each in case.assertions:
            if not each.passed:
                yield each.place, f"`{each.type}`: {each.reason}", case
