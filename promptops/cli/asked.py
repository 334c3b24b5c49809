"""What a command that judges was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptops.jobs.lint import LintOptions
    from promptops.jobs.selection import Wanted


def asked(options: Mapping[str, Any]) -> tuple[Wanted, LintOptions]:
    """Which prompts, and how; of `patterns`, `since`, `select` and `no_cache`."""
    from promptops.jobs.lint import LintOptions
    from promptops.jobs.selection import Wanted

    wanted = Wanted(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    untrusted = bool(os.environ.get("PROMPTOPS_UNTRUSTED"))
    cached = not options["no_cache"]
    return wanted, LintOptions(use_cache=cached, untrusted=untrusted, doubt_comments=untrusted)
