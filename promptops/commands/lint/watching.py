"""`promptops lint --watch`: lint again whenever files change, until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from promptops.commands.lint.lint import LintedPrompt, LintOptions, lint_selected
from promptops.commands.lint.live import NOTHING_TOUCHED, Live, Touched
from promptops.errors import PromptopsError, UsageError
from promptops.model.report import LintReport
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.terminal.output import OutputOptions
from promptops.workspace.selection import SelectionOptions, select

if TYPE_CHECKING:
    from promptops.commands.lint.linting import LintArguments
    from promptops.workspace.workspace import Workspace


_EXCLUDED_OPTIONS = ("staged", "since", "fix", "diff", "write_baseline", "why")
_MOST_FILES_NAMED = 3


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
    wrong = [name for name in _EXCLUDED_OPTIONS if getattr(arguments, name) not in (None, False)]
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
    import click

    from promptops.report.visible import visible_path
    from promptops.terminal.shown_errors import shown_error

    at = time.strftime("%H:%M:%S")
    changed = some(sorted(linted.changed), _MOST_FILES_NAMED, name=visible_path)
    output.note(f"[{at}] {changed} changed" if changed else f"[{at}] checking")
    for error in (each for found in linted.errors for each in (found, *found.others)):
        click.echo(shown_error(error), err=True)
    if linted.report is not None:
        report(live.workspace, linted.report)
        if not linted.report.findings:
            output.note(f"no findings in {counted(linted.report.files, 'prompt')}")
    output.note("watching for changes; Ctrl-C ends")


# Lint again whenever files change.

PAUSE_S = 0.5
"""The shortest time between two looks at the files."""

PAUSE_PER_LOOK = 20
"""The pause is so many times as long as a look takes, so that waiting costs little."""


@record(frozen=True, slots=True, kw_only=True)
class Linted:
    """One run.

    Attributes:
        changed: The files that changed since the run before; empty for the first one.
        report: None if an error prevents the run.
        errors: Of the configuration, of the baseline, or why there is no report.
    """

    changed: frozenset[str]
    report: LintReport | None
    errors: tuple[PromptopsError, ...]


def watch(
    live: Live,
    wanted: SelectionOptions,
    options: LintOptions,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Linted]:
    """Lint the selected prompts, then again after each change; never ends.

    Prompts that depend on no changed file are not checked again on the same day. Raises GitError if
    git fails.

    Args:
        pause: Waits for some seconds.
    """
    known: dict[str, LintedPrompt] = {}
    touched, today = NOTHING_TOUCHED, live.today()
    while True:
        yield _lint_again(live, wanted, replace(options, today=today), known, touched)
        touched, before = _next_change(live, pause), today
        today = live.today()
        if touched.everything or today != before:
            known.clear()
        for path in touched.own | touched.dependents:
            known.pop(path, None)


def _lint_again(
    live: Live,
    wanted: SelectionOptions,
    options: LintOptions,
    known: dict[str, LintedPrompt],
    touched: Touched,
) -> Linted:
    if live.errors:
        return Linted(changed=touched.own, report=None, errors=live.errors)
    workspace = live.workspace
    try:
        report = lint_selected(workspace, select(workspace, wanted), wanted, options, known)
    except PromptopsError as error:
        return Linted(changed=touched.own, report=None, errors=(error,))
    return Linted(changed=touched.own, report=report, errors=())


def _next_change(live: Live, pause: Callable[[float], None]) -> Touched:
    took_s = 0.0
    while True:
        pause(max(PAUSE_S, PAUSE_PER_LOOK * took_s))
        started = time.perf_counter()
        touched = live.refreshed()
        took_s = time.perf_counter() - started
        if touched != NOTHING_TOUCHED:
            return touched
