"""`promptops check`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click

from promptops.cli.options import Output, at_option, common, since_option


@click.command()
@click.argument("patterns", nargs=-1, metavar="[ID|GLOB]...")
@since_option
@at_option
@click.option("--select", multiple=True, metavar="tag:NAME", help="Of a tag:, owner: or status:.")
@click.option("--no-cache", is_flag=True, help="Judge everything anew.")
@click.option("--why", is_flag=True, help="Say why each prompt was selected.")
@common("text", "json", "markdown")
def command(output: Output, **options: Any) -> int:
    """Lint, and judge every test case, rendered and replayed from its recording: one verdict.

    Nothing is asked of a model or a network. Exits 1 when the gate says no.

    \b
    Example:
      promptops check
      promptops check --since origin/main --format markdown=comment.md
    """
    from promptops.jobs.check import check
    from promptops.jobs.lint import LintOptions
    from promptops.jobs.selection import Wanted
    from promptops.jobs.workspace import workspace
    from promptops.report.parts.visible import visible, visible_path

    wanted = Wanted(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    chosen = LintOptions(
        use_cache=not options["no_cache"], untrusted=bool(os.environ.get("PROMPTOPS_UNTRUSTED"))
    )
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        report = check(opened, wanted, chosen)
    for path, reason in report.selected.why.items() if options["why"] else ():
        output.note(f"{visible_path(path)}: {visible(reason)}")
    for name, file in output.formats:
        output.write(_written(name, report, output, to_terminal=file == "-"), file)
    return int(not report.passed)


def _written(name: str, report: Any, output: Output, *, to_terminal: bool) -> str:
    if name == "json":
        from promptops.report.parts.json_text import json_text

        return json_text(_value(report)) + "\n"
    if name == "markdown":
        return _markdown(report)
    return "\n".join([*_text(report, output if to_terminal else None)]) + "\n"


def _text(report: Any, output: Output | None) -> Iterator[str]:
    from promptops.jobs.check import failures
    from promptops.model.report import plain
    from promptops.report.full import write
    from promptops.report.parts.visible import visible, visible_path

    style = output.style if output is not None else plain
    for risk in report.risks:
        yield f"{style('warning', 'risk')}: {visible(risk)}"
    found = write(report.lint, style=style)
    if found:
        yield found.rstrip("\n")
    for place, reason, case in failures(report.test):
        where = f"{visible_path(place.path)}:{place.line}:{place.column}"
        what = f"{style('error', 'failed')}: {visible(reason)}"
        yield f"{style('path', where)}: {what}  [{visible(case.prompt)}: {visible(case.name)}]"
    yield _verdict(report)


def _verdict(report: Any) -> str:
    prompts = _counted(len(report.selected.why), "prompt")
    if not report.selected.why:
        return f"pass: nothing to check, {_why_nothing(report)}"
    run = report.test
    failed = sum(case.status != "passed" for case in run.cases)
    cases = f"{failed} of {_counted(len(run.cases), 'case')} failed"
    if not failed:
        judged = sum(len(case.assertions) for case in run.cases)
        cases = f"{_counted(len(run.cases), 'case')}, {_counted(judged, 'assertion')}"
    findings = _counted(len(report.lint.findings), "finding")
    word = "pass" if report.passed else "fail"
    advice = f"; {run.advice}" if run.advice else ""
    return f"{word}: {prompts}, {findings}, {cases}{advice}"


def _why_nothing(report: Any) -> str:
    if report.selected.changed is None:
        return "there are no prompts here (`promptops init` begins)"
    return "nothing that prompts are made of changed"


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _value(report: Any) -> dict[str, Any]:
    from promptops.report.json import report_value
    from promptops.report.test.json import test_value

    return {
        "schema": 1,
        "verdict": "pass" if report.passed else "fail",
        "bump": None,
        "lint": report_value(report.lint),
        "diff": None,
        "test": test_value(report.test),
        "risks": list(report.risks),
    }


def _markdown(report: Any) -> str:
    from promptops.jobs.check import failures
    from promptops.report.markdown import write
    from promptops.report.parts.visible import visible

    lines = [f"**{_verdict(report)}**", ""]
    lines += [f"- risk: {visible(risk)}" for risk in report.risks]
    for place, reason, case in failures(report.test):
        cells = (str(place), f"{case.prompt}: {case.name}", reason)
        shown = " · ".join(visible(cell).replace("<", "&lt;").replace("`", "'") for cell in cells)
        lines.append(f"- failed: {shown}")
    return "\n".join([*lines, "", write(report.lint)]).rstrip("\n") + "\n"
