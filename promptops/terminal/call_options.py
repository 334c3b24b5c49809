"""Options of commands that call models, and the settings that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import UsageError
from promptops.percentages import share_as_margin, share_as_percent
from promptops.terminal.options import F, call_option, output_option, select_option

if TYPE_CHECKING:
    from promptops.evals.engine.ask import Settings
    from promptops.model.config import TestSettings


class Amount(click.FloatRange):
    """A number from 0; neither NaN nor infinite."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


class Percent(click.FloatRange):
    """A number from 0 to 100; not a share such as 0.6."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found: float = super().convert(value, param, ctx)
        return _refuse_share(share_as_percent(_name(param), found), found)


class Margin(Amount):
    """Percentage points above 0, up to 100; not a share such as 0.03."""

    def __init__(self) -> None:
        super().__init__(0, 100, min_open=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found = super().convert(value, param, ctx)
        return _refuse_share(share_as_margin(_name(param), found), found)


def _name(param: Any) -> str:
    return f"`{param.opts[0]}`"


def _refuse_share(problem: tuple[str, str] | None, found: float) -> float:
    if problem is not None:
        raise UsageError(problem[0], hint=problem[1])
    return found


case_option = select_option(
    "--case", "cases", multiple=True, metavar="NAME|GLOB", help="Only cases with this name."
)
prune_aside_option = output_option(
    "--prune",
    is_flag=True,
    help="Remove recorded answers that this run does not use; only in a run of everything.",
)
"""For answers in a folder of their own; see `refuse_partial_prune`."""


def refuse_partial_prune(options: Mapping[str, Any], *more: str) -> None:
    """Raise UsageError if `--prune` is given and the run can't know what is used.

    Args:
        more: Names of options that select less than everything, besides those of all commands.
    """
    given = (
        name for name in ("live", "since", "select", "cases", *more) if _is_given(options, name)
    )
    name = next(given, "patterns" if options["patterns"] else "")
    if options["prune"] and name:
        what = _SHOWN.get(name, f"--{name}")
        why = "nothing is recorded" if name == "live" else "this run does not use all answers"
        raise UsageError(f"--prune and {what} exclude each other: {why}", hint="leave one out")


_SHOWN = {"patterns": "names of prompts", "cases": "--case", "families": "--family"}


def _is_given(options: Mapping[str, Any], name: str) -> bool:
    return options[name] not in (None, False, ())


concurrency_option = call_option(
    "-j",
    "concurrency",
    type=click.IntRange(1),
    metavar="N",
    help="Send N requests at a time; 16 unless configured.",
)
trust_option = call_option(
    "--trust-config",
    is_flag=True,
    help="Approve the endpoints that the change configures.",
)


EVENTS = ("commit", "pull_request", "nightly")


def budget_options(function: F) -> F:
    """Add `--max-cost`, `--max-requests`, `--max-time` and `--event`, for `call_settings`."""
    options = (
        call_option(
            "--max-cost",
            type=Amount(0),
            metavar="USD",
            help="Spend at most this much; overrides --event.",
        ),
        call_option(
            "--max-requests",
            type=click.IntRange(1),
            metavar="N",
            help="Send at most N requests, including retries.",
        ),
        call_option(
            "--max-time",
            type=Amount(0),
            metavar="SECONDS",
            help="Stop sending then; requests under way end.",
        ),
        call_option(
            "--event",
            type=click.Choice(EVENTS),
            metavar="EVENT",
            help="Apply the budget configured for commit, pull_request or nightly; detected in CI.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def call_settings(options: Mapping[str, Any], config: TestSettings) -> Settings:
    """How models are called, from `budget_options`, `concurrency` and the configuration."""
    from promptops.evals.engine.ask import Patience, Settings

    return Settings(
        concurrency=options.get("concurrency") or config.concurrency,
        max_cost_usd=options["max_cost"],
        max_requests=options["max_requests"],
        max_time_s=options["max_time"],
        patience=Patience(try_s=config.timeout_s, total_s=config.total_timeout_s),
    )
