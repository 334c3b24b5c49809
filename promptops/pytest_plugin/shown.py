"""Failures as pytest prints them, like `promptops` does."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.analysis.masking import without_secrets
from promptops.errors import PromptopsError
from promptops.jobs.testing.runner import RunOptions, run_selected
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.test_run import CaseRun, Decided, TestRun
from promptops.records import replace
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test.parts import facts
from promptops.report.test.text import write


def shown(run: TestRun, cases: Iterable[CaseRun], decided: Iterable[Decided] = ()) -> str:
    """A part of a run as a person reads it, without the line that sums up."""
    part = replace(run, cases=tuple(cases), decided=tuple(decided), coverage=(), verdict="fail")
    return write(part).removesuffix(f"{facts.verdict(part)}\n").rstrip("\n")


def shown_file(workspace: Workspace, path: str) -> str:
    """Why a prompt file can't be read."""
    run = run_selected(workspace, Selected({path: "collected"}), RunOptions())
    return shown(run, run.cases)


def shown_error(error: PromptopsError) -> str:
    """Cause, place and fix of what stops everything, and of what was found with it."""
    return "\n".join(map(_shown_one, (error, *error.others)))


def _shown_one(error: PromptopsError) -> str:
    where = f"{visible_path(without_secrets(error.where))}: " if error.where else ""
    tip = f"\n  tip: {visible(without_secrets(error.hint))}" if error.hint else ""
    return f"{where}{visible(without_secrets(error.message))}{tip}"
