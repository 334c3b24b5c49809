"""For people: what is released, what stands in its way, and the command to type next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.bump import Bump
from promptops.model.release import Problem, PromptChange, ReleasePlan, ReleaseReport
from promptops.model.report import Style, plain
from promptops.report.parts.summary import counted
from promptops.report.parts.visible import visible, visible_line

PROMPTS_SHOWN = 50
_BEFORE_1 = {Bump.MAJOR: ", a minor before 1.0.0,", Bump.MINOR: ", a patch before 1.0.0,"}


def write(report: ReleaseReport, *, style: Style = plain) -> str:
    """The plan, if it is news, then the verdict."""
    is_new = report.plan is not None and report.state != "done"
    plan = f"{write_plan(report, style=style)}\n" if is_new else ""
    return plan + write_verdict(report, style=style)


def write_plan(report: ReleaseReport, *, style: Style = plain) -> str:
    """What somebody is asked to agree to."""
    plan = plan_lines(report.plan, style) if report.plan else ()
    return "".join(f"{line}\n" for line in plan)


def write_verdict(report: ReleaseReport, *, style: Style = plain) -> str:
    """What became of it, for those who saw the plan."""
    return "".join(f"{line}\n" for line in _verdict(report, style))


def plan_lines(plan: ReleasePlan, style: Style = plain) -> Iterator[str]:
    """A release, as it would be or as it is."""
    record = plan.record
    since = f" since {visible(record.base)}" if record.base else ", the first release"
    bump = record.bump or plan.required
    shift = _BEFORE_1.get(bump, "") if record.base and not plan.version.major else ""
    yield style("summary", f"{visible(record.tag)}  ({bump}{shift}{since})")
    if record.reason:
        yield f"less than {plan.required}: {visible(record.reason)}"
    if record.notes:
        yield ""
        yield from map(visible_line, record.notes.split("\n"))
    changes = list(change_lines(record.changes, style))
    rest = len(changes) - PROMPTS_SHOWN
    if changes:
        yield from ("", *changes[:PROMPTS_SHOWN])
        yield from ([f"and {counted(rest, 'more prompt')}"] if rest > 0 else [])
    yield ""
    yield from _facts(plan)


def change_lines(changes: Iterable[PromptChange], style: Style = plain) -> Iterator[str]:
    """Such as `support/triage  1.4.2 -> 2.0.0 (major) CHG101`; the new ones stand in the notes."""
    for each in changes:
        if each.before is not None:
            after = f"{each.after} ({each.bump})" if each.after else "none (removed)"
            codes = "".join(f" {style('code', visible(code))}" for code in each.codes)
            name = style("path", visible(each.prompt))
            yield f"{name}  {each.before} -> {after}{codes if each.after else ''}"


def _facts(plan: ReleasePlan) -> Iterator[str]:
    record = plan.record
    yield f"commit   {plan.commit}"
    if record.content is not None:
        yield f"content  sha256:{visible(record.content)}"
    if record.bundle is not None:
        yield f"bundle   sha256:{visible(record.bundle)}"
    if len(plan.tags) > 1:
        yield f"tags     {counted(len(plan.tags), 'tag')}, one for each prompt with a new version"


def _verdict(report: ReleaseReport, style: Style) -> Iterator[str]:
    yield from _warnings(report, style)
    for problem in report.problems:
        yield from _problem(problem, style)
    plan = report.plan
    if report.nothing:
        yield visible(report.nothing)
    elif report.problems:
        yield f"nothing was made: {counted(len(report.problems), 'problem')}"
    elif plan is not None:
        yield _sentence(report, plan, style)


def _warnings(report: ReleaseReport, style: Style) -> Iterator[str]:
    for warning in report.warnings:
        yield f"{style('warning', 'warning')}: {visible(warning)}"


def _problem(problem: Problem, style: Style) -> Iterator[str]:
    yield f"{style('error', 'error')}: {visible(problem.message)}"
    yield from (f"    {visible(line)}" for line in problem.details)
    yield f"  {style('hint', 'tip')}: {visible(problem.hint)}"


def _sentence(report: ReleaseReport, plan: ReleasePlan, style: Style) -> str:
    tag = visible(plan.record.tag)
    if report.state == "planned":
        signed = "signed" if plan.signed else "without a signature"
        return f"nothing was made; {tag} would be {signed}: promptops release --yes"
    made = f"{tag} is made" if report.state == "created" else f"{tag} is made already"
    if report.pushed is not None:
        return f"{made}, and {visible(report.pushed)} has it"
    return f"{made}; next: {style('hint', 'promptops release --push')}"
