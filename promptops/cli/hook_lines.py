"""The command lines of the commit hooks, which run without importing click, to save time.

Only exactly these lines are handled here; click parses all others. Both call the same function
with the same arguments, which `tests/cli/test_hook_lines.py` checks.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.cli.linting import LintArguments
    from promptops.cli.output import OutputOptions
    from promptops.repo.staged import Staged

HOOK_LINES = {
    ("lint", "--staged"): {"staged": True},
    ("lint", "--fix", "--staged"): {"staged": True, "fix": True},
}
"""The LintArguments that each line sets."""


def readable_without_click() -> bool:
    """Whether click would only parse the line, and not complete it or reject the directory."""
    completes = "_PROMPTOPS_COMPLETE" in os.environ
    return not completes and os.path.isdir(".") and os.access(".", os.R_OK)


def run_hook(line: list[str], staged: Staged | None = None) -> int:
    """Run one of these lines; returns the exit code.

    Args:
        staged: The listing of staged files, if git was already called for it.
    """
    from promptops.cli.part_imports import import_parsers

    import_parsers()
    from promptops.cli.linting import run_lint

    try:
        return run_lint(hook_output(), hook_arguments(line), staged)
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")  # as click does, so that the message starts a line
        raise KeyboardInterrupt from None


def hook_arguments(line: list[str]) -> LintArguments:
    """The arguments that one of these lines sets."""
    from promptops.cli.linting import LintArguments

    return LintArguments(**HOOK_LINES[tuple(line)])  # type: ignore[arg-type]  # values of several types


def hook_output() -> OutputOptions:
    """The output options of a line that sets none."""
    from pathlib import Path

    from promptops.cli.linting import FORMATS
    from promptops.cli.output import OutputOptions, wants_color

    return OutputOptions(Path(), ((FORMATS[0], "-"),), quiet=False, color=wants_color())
