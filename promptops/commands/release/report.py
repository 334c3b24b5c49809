"""For people: the contents of a release, its problems, and the next command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.commands.diff.facts import before_1
from promptops.model.release import PromptChange, ReleasePlan, ReleaseReport
from promptops.model.report import Style, plain
from promptops.plurals import counted, some
from promptops.report.visible import visible, visible_line

PROMPTS_SHOWN = 50
TAGS_SHOWN = 5
UNTOLD = "its tag records no change"


def write_text(report: ReleaseReport, *, style: Style = plain) -> str:
    """The plan of a new release, then the result."""
    is_new = report.plan is not None and report.state != "done"
    plan = f"{write_plan(report, style=style)}\n" if is_new else ""
    return plan + write_verdict(report, style=style)


def write_plan(report: ReleaseReport, *, style: Style = plain) -> str:
    """The plan, before the user confirms it."""
    lines = list(plan_lines(report.plan, style)) if report.plan else []
    if report.pushed is None:
        lines += _earlier(report)
    return "".join(f"{line}\n" for line in lines)


def write_verdict(report: ReleaseReport, *, style: Style = plain) -> str:
    """The result, without the plan that was already shown."""
    return "".join(f"{line}\n" for line in _verdict(report, style))


def plan_lines(plan: ReleasePlan, style: Style = plain) -> Iterator[str]:
    """The lines of a planned or existing release."""
    record = plan.record
    yield style("path", f"{visible(record.tag)}  ({_step(plan)})")
    if record.reason:
        yield f"why this version: {visible(record.reason)}"
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


def _step(plan: ReleasePlan) -> str:
    """The bump, such as `minor since v1.2.0`.

    Before 1.0.0 `minor since v0.1.0; before 1.0.0 this raises the patch number`.
    """
    record = plan.record
    bump = plan.required if record.bump is None else record.bump
    if not record.base:
        return f"{bump}, the first release"
    if not bump:
        return f"not above {visible(record.base)}"
    why = before_1(bump, str(plan.version))
    return f"{bump} since {visible(record.base)}{f'; {why}' if why else ''}"


def change_lines(changes: Iterable[PromptChange], style: Style = plain) -> Iterator[str]:
    """Changed prompts: `support/triage  1.4.2 -> 2.0.0 (major) CHG101`; the notes list new ones."""
    for each in changes:
        if each.before is not None:
            after = f"{each.after} ({step(each)})" if each.after else "none (removed)"
            codes = "".join(f" {style('code', visible(code))}" for code in each.codes)
            name = style("path", visible(each.prompt))
            yield f"{name}  {each.before} -> {after}{codes if each.after else ''}"


def step(change: PromptChange) -> str:
    """The bump of a prompt, or why its version differs from it."""
    before, after = change.before, change.after
    if before is not None and after is not None and after.major and not before.major:
        return f"{change.bump}, and 1.0.0 with the release"
    return str(change.bump)


def _facts(plan: ReleasePlan) -> Iterator[str]:
    record = plan.record
    yield f"commit   {plan.commit}"
    if record.content_sha256 is not None:
        yield f"content  sha256:{visible(record.content_sha256)}"
    if record.bundle_sha256 is not None:
        yield f"bundle   sha256:{visible(record.bundle_sha256)}"
    if len(plan.tags) > 1:
        yield f"tags     {some([visible(tag) for tag in plan.tags], TAGS_SHOWN)}"


def _verdict(report: ReleaseReport, style: Style) -> Iterator[str]:
    for warning in report.warnings:
        yield f"{style('warning', 'warning')}: {visible(warning)}"
    for problem in report.problems:
        yield f"{style('error', 'error')}: {visible(problem.message)}"
        yield from (f"    {visible(line)}" for line in problem.details)
        yield f"  {style('hint', 'tip')}: {visible(problem.hint)}"
    plan = report.plan
    if report.nothing:
        yield style("summary", visible(report.nothing))
    elif report.problems:
        problems = counted(len(report.problems), "problem")
        yield style("summary", f"no release was created: {problems}")
    elif plan is not None:
        yield _sentence(report, plan, style)
    if report.pushed is not None or plan is None or report.state == "done":
        yield from _earlier(report)


def _earlier(report: ReleaseReport) -> Iterator[str]:
    """Notes on earlier releases that were not pushed, or are on the remote only now."""
    if report.earlier:
        tags = some([visible(tag) for tag in report.earlier], TAGS_SHOWN)
        where = visible(report.pushed or "")
        yield f"also pushed to {where}: {tags}" if where else f"not pushed yet: {tags}"


def _sentence(report: ReleaseReport, plan: ReleasePlan, style: Style) -> str:
    tag = visible(plan.record.tag)
    if report.state == "planned":
        signed = "signed" if plan.signed else "without a signature"
        again = visible(report.next) or "promptops release --yes"
        return f"{style('summary', f'no release was created; {tag} would be {signed}')}: {again}"
    is_new = report.state == "created"
    created = f"{tag} was created" if is_new else f"{tag} already exists"
    if report.pushed is not None:
        return style("summary", f"{created}, and {visible(report.pushed)} has it")
    # An earlier run may have pushed the tag; the remote is not called here to find out.
    then = "next" if is_new else "if it is not pushed yet"
    created = style("summary", created)
    return f"{created}; {then}: {style('hint', visible(report.next))}" if report.next else created
