"""Lint again whenever files change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from promptops.commands.lint.lint import LintOptions, lint_selected
from promptops.commands.lint.live import NOTHING, Live, Touched
from promptops.commands.lint.runner import LintedPrompt
from promptops.errors import PromptopsError
from promptops.model.report import LintReport
from promptops.records import record, replace
from promptops.workspace.selection import SelectionOptions, select

PAUSE_S = 0.5
"""The shortest time between two looks at the files."""

REST = 20
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
    touched, today = NOTHING, live.today()
    while True:
        yield _linted(live, wanted, replace(options, today=today), known, touched)
        touched, before = _next_change(live, pause), today
        today = live.today()
        if touched.everything or today != before:
            known.clear()
        for path in touched.own | touched.dependents:
            known.pop(path, None)


def _linted(
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
        pause(max(PAUSE_S, REST * took_s))
        started = time.perf_counter()
        touched = live.refreshed()
        took_s = time.perf_counter() - started
        if touched != NOTHING:
            return touched
