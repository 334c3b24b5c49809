"""The lint options of commands that check prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptops.untrusted import is_untrusted

if TYPE_CHECKING:
    from promptops.commands.lint.lint import LintOptions
    from promptops.workspace.selection import SelectionOptions


def selection_and_lint(options: Mapping[str, Any]) -> tuple[SelectionOptions, LintOptions]:
    """The selection and the lint options, from `patterns`, `since`, `select` and `no_cache`."""
    from promptops.commands.lint.lint import LintOptions
    from promptops.workspace.selection import SelectionOptions

    wanted = SelectionOptions(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    untrusted = is_untrusted()
    cached = not options["no_cache"]
    return wanted, LintOptions(use_cache=cached, untrusted=untrusted, doubt_comments=untrusted)
