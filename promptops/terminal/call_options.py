"""Options of commands that call models, and the settings that they make."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import UsageError
from promptops.percentages import share_as_margin, share_as_percent
from promptops.records import record
from promptops.terminal.options import (
    F,
    call_option,
    option_group,
    output_option,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.evals.engine.ask import Settings
    from promptops.model.config import TestSettings
    from promptops.testing.model_calls import Event
    from promptops.testing.options import RunOptions


class Amount(click.FloatRange):
    """A number from 0; neither NaN nor infinite."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


class Percent(Amount):
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


def mode_options(**texts: str) -> Callable[[F], F]:
    """Add `--record`, `--live` or `--refresh`, each with its help, as `mode`; "replay" for none."""

    def mode(**given: bool) -> str:
        modes = [name for name in texts if given[name]]
        if modes[1:]:
            raise UsageError(f"--{modes[0]} and --{modes[1]} exclude each other")
        return modes[0] if modes else "replay"

    options = (call_option(f"--{name}", is_flag=True, help=text) for name, text in texts.items())
    return option_group("mode", mode, *options)


@record(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How a command calls models: the values of `model_calls`; None for the configuration's."""

    concurrency: int | None = None
    max_cost: float | None = None
    max_requests: int | None = None
    max_time: float | None = None
    event: Event | None = None
    trust_config: bool = False

    def settings(self, config: TestSettings) -> Settings:
        """The limits of the calls; what is not given is configured."""
        from promptops.evals.engine.ask import Patience, Settings

        return Settings(
            concurrency=self.concurrency or config.concurrency,
            max_cost_usd=self.max_cost,
            max_requests=self.max_requests,
            max_time_s=self.max_time,
            patience=Patience(try_s=config.timeout_s, total_s=config.total_timeout_s),
        )

    @property
    def budgeted_event(self) -> Event | None:
        """The event whose budget applies: `--event`, or that of CI."""
        from promptops.testing.model_calls import ci_event

        return self.event or ci_event(os.environ)

    def run(self, output: OutputOptions, config: TestSettings, **chosen: Any) -> RunOptions:
        """The options of a run of cases with these calls; `chosen` are the other ones."""
        from promptops.terminal.progress import ShownProgress
        from promptops.testing.options import RunOptions

        return RunOptions(
            trusted=self.trust_config,
            settings=self.settings(config),
            event=self.budgeted_event,
            watcher=ShownProgress(output),
            **chosen,
        )


max_cost_option = call_option(
    "--max-cost",
    type=Amount(0),
    metavar="USD",
    help="Spend at most this much, in US dollars.",
)
trust_option = call_option(
    "--trust-config", is_flag=True, help="Approve the endpoints that the change configures."
)
EVENTS = ("commit", "pull_request", "nightly")
_max_requests_option = call_option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send at most N requests, including retries.",
)
_event_option = call_option(
    "--event",
    type=click.Choice(EVENTS),
    metavar="EVENT",
    help="Without --max-cost: the budget configured for commit, pull_request or nightly; "
    "detected in CI.",
)
model_calls = option_group(
    "calls",
    CallOptions,
    call_option(
        "-j",
        "concurrency",
        type=click.IntRange(1),
        metavar="N",
        help="Send N requests at a time; 16 unless configured.",
    ),
    max_cost_option,
    _max_requests_option,
    call_option(
        "--max-time",
        type=Amount(0),
        metavar="SECONDS",
        help="Stop sending then; requests under way are completed.",
    ),
    _event_option,
    trust_option,
)
"""Add the options of calls to models, as `calls`, a `CallOptions`."""
batch_calls = option_group(
    "calls", CallOptions, max_cost_option, _max_requests_option, _event_option, trust_option
)
"""The same for requests that a provider answers later."""
trusted_calls = option_group("calls", CallOptions, trust_option)
"""The same for calls that cost nothing."""
