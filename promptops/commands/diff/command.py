"""`promptops diff`."""

from __future__ import annotations

import shlex
from typing import Any

import click

from promptops.errors import BAD_INPUT, BUG, UsageError
from promptops.terminal.options import Command, common, decide_option, select_option
from promptops.terminal.output import OutputOptions

FAIL_ON = ("breaking", "risk")
BEHIND = "promptops.behind"


class _Separated(Command):
    """Records how many arguments followed `--`, which click removes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        behind = len(args) - args.index("--") - 1 if "--" in args else None
        ctx.meta[BEHIND] = behind
        return super().parse_args(ctx, args)


@click.command(cls=_Separated)
@click.argument("arguments", nargs=-1, metavar="[BASE[..HEAD]] [ID|GLOB|PATH]...")
@select_option("--staged", is_flag=True, help="Compare the index with HEAD.")
@select_option("--worktree", is_flag=True, help="Compare the files on disk with HEAD.")
@select_option("--merge", is_flag=True, help="Compare BASE with HEAD merged into it.")
@select_option("--root", is_flag=True, help="Compare with nothing: every prompt is new.")
@decide_option(
    "--strict-output", "strict", is_flag=True, help="Report an added output property as breaking."
)
@decide_option(
    "--fail-on", type=click.Choice(FAIL_ON), multiple=True, help="Exit 1 if there is such a change."
)
@decide_option(
    "--declare",
    metavar="BUMP|VERSION",
    help="Exit 1 if the changes require a greater bump or version.",
)
@common("text", "markdown", "html", "json")
def command(output: OutputOptions, **options: Any) -> int:
    """Show semantic changes, the rendered requests that differ, and the required version bump.

    BASE and HEAD are revisions, or directories written with a slash. Without them, it compares the
    latest release with the files on disk, and before the first release the commit where this
    branch left the upstream default branch. `BASE` alone is compared with HEAD. `BASE...HEAD`
    compares with the merge base, as git does.

    \b
    Example:
      promptops diff                       what changed since the release
      promptops diff origin/main...        what this branch changes
      promptops diff v1.4.0..HEAD support/triage
      promptops diff --staged
      promptops diff origin/main... --format markdown=comment.md --fail-on breaking
    """
    from promptops.storage.gc_paused import uncollected

    with uncollected():  # most objects live until the end; collecting costs 8%
        return _compared(output, options)


def _compared(output: OutputOptions, options: dict[str, Any]) -> int:
    from promptops.commands.diff.comparison import ComparisonOptions, open_sides
    from promptops.commands.diff.diff import (
        DiffOptions,
        declared_problem,
        diff,
        has_uncommitted,
        last_release,
        parse_declared,
    )
    from promptops.model.version import Version
    from promptops.report.visible import visible

    wanted = parse_declared(options["declare"]) if options["declare"] is not None else None
    comparison = ComparisonOptions(
        arguments=options["arguments"],
        behind=click.get_current_context().meta[BEHIND],
        **{name: options[name] for name in ("staged", "worktree", "merge", "root")},
    )
    with open_sides(output.directory, comparison, output.overrides) as opened:
        if wanted is not None and opened.patterns:
            hint = "leave out the prompts, or --declare"
            raise UsageError("--declare applies to all prompts", hint=hint)
        for note in opened.notes:
            output.note(visible(note))
        chosen = DiffOptions(patterns=opened.patterns, strict=options["strict"])
        report = diff(opened, chosen)
        verdict = declared_problem(report, opened, wanted) if wanted is not None else None
        if isinstance(wanted, Version) and last_release(opened) is None:
            output.note(f"there is no release in this repository to compare {wanted} with")
        if not report.prompts and has_uncommitted(opened):
            left_out = {"HEAD", *opened.patterns}
            base = [each for each in options["arguments"][:1] if each not in left_out]
            again = shlex.join(["promptops", "diff", *base, "--worktree"])
            output.note(f"uncommitted changes are not compared: {visible(again)}")
    output.write_report("diff", report)
    return _exit_code(output, report, options["fail_on"], verdict)


def _exit_code(output: OutputOptions, report: Any, fail_on: tuple[str, ...], verdict: Any) -> int:
    from promptops.report.visible import visible

    if verdict is not None:
        output.note(f"{verdict.code}: {visible(verdict.message)}")
        for line in _demanding(report) if verdict.code == "CHG903" else ():
            output.note(f"  {visible(line)}")
    stopped = [*report.stopping(fail_on)]
    for prompt, change in stopped:
        what = f"{change.code} {visible(change.message)}"
        output.note(f"stops on {visible(prompt.id)}: {what}  [fingerprint {change.fingerprint}]")
    if any(change.breaking for _, change in stopped):
        output.note("to accept an intended break, add its fingerprint to [[diff.waivers]]")
    if report.failed:
        return BUG
    unreadable = (
        prompt_diff for prompt_diff in report.prompts if prompt_diff.state == "unreadable"
    )
    if any(prompt_diff.changes[0].code == "CHG501" for prompt_diff in unreadable):
        return BAD_INPUT  # a prompt that could not be compared may contain any change
    return int(verdict is not None or bool(stopped))


def _demanding(report: Any) -> tuple[str, ...]:
    """The changes that require the bump, each with its prompt."""
    from promptops.diff.changes import demanding
    from promptops.model.version import Bump
    from promptops.workspace.preflight import shortened_list

    return shortened_list(demanding(report.prompts, Bump(report.bump - 1)))
