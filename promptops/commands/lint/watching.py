"""`promptops lint --watch`: lint again whenever files change, until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from promptops.errors import UsageError
from promptops.plurals import counted, some
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.lint.lint import LintOptions
    from promptops.commands.lint.linting import LintArguments
    from promptops.commands.lint.live import Live
    from promptops.commands.lint.live_watching import Linted
    from promptops.model.report import LintReport
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import Workspace

_EXCLUDED = ("staged", "since", "fix", "diff", "write_baseline", "why")
_MOST_NAMED = 3


def run_watch(
    output: OutputOptions,
    arguments: LintArguments,
    wanted: SelectionOptions,
    chosen: LintOptions,
    report: Callable[[Workspace, LintReport], None],
) -> int:
    """Write a report after each change; returns 0 after Ctrl-C.

    Args:
        report: Writes a report of a workspace.
    """
    from promptops.commands.lint.live import Live
    from promptops.commands.lint.live_watching import watch
    from promptops.untrusted import is_untrusted

    _refuse_options(output, arguments)
    live = Live(output.directory, output.overrides, untrusted=is_untrusted())
    try:
        for linted in watch(live, wanted, chosen):
            _show(output, live, linted, report)
    except KeyboardInterrupt:
        return 0
    finally:
        live.close()
    return 0


def _refuse_options(output: OutputOptions, arguments: LintArguments) -> None:
    """Raise UsageError for options of `lint` that make no sense while files change."""
    wrong = [name for name in _EXCLUDED if getattr(arguments, name) not in (None, False)]
    if arguments.revision != "worktree":
        wrong.append("at")
    if wrong:
        option = f"--{wrong[0].replace('_', '-')}"
        raise UsageError(f"--watch excludes {option}", hint=f"leave out {option}")
    if not output.for_people or len(output.formats) > 1:
        raise UsageError("--watch writes for people", hint="leave out --format")


def _show(
    output: OutputOptions,
    live: Live,
    linted: Linted,
    report: Callable[[Workspace, LintReport], None],
) -> None:
    from promptops.report.parts.visible import visible_path
    from promptops.terminal.shown_errors import shown_error

    at = time.strftime("%H:%M:%S")
    changed = some(sorted(linted.changed), _MOST_NAMED, name=visible_path)
    output.note(f"[{at}] {changed} changed" if changed else f"[{at}] checking")
    for error in (each for found in linted.errors for each in (found, *found.others)):
        output.note(shown_error(error))
    if linted.report is not None:
        report(live.workspace, linted.report)
        if not linted.report.findings:
            output.note(f"no findings in {counted(linted.report.files, 'prompt')}")
    output.note("watching for changes; Ctrl-C ends")
