"""The option `--batch` of commands that record answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import FAILED, OUTAGE, RUNNING, UsageError
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.evals.engine.budget import Estimate
    from promptops.model.batch import BatchReport

_FORMATS = ("text", "json")
_EXCLUDED = (
    ("record", "--record"),
    ("live", "--live"),
    ("refresh", "--refresh"),
    ("audit", "--audit"),
    ("shard", "--shard"),
    ("merge_shards", "--merge-shards"),
    ("prune", "--prune"),
    ("coverage", "--coverage"),
    ("fail_under", "--fail-under"),
    ("concurrency", "-j"),
    ("max_time", "--max-time"),
    ("require", "--require"),
)
_OF_SUBMIT = (
    ("since", "--since"),
    ("select", "--select"),
    ("cases", "--case"),
    ("repeats", "--repeats"),
    ("baseline", "--baseline"),
    ("max_cost", "--max-cost"),
    ("max_requests", "--max-requests"),
    ("event", "--event"),
)

batch_option = click.option(
    "--batch",
    type=click.Choice(("submit", "collect", "cancel")),
    help=(
        "Record answers through the provider's batch API, at half the price, within a day: submit "
        "requests, collect answers, or cancel running batches."
    ),
)


def refuse_options_beside_batch(
    output: OutputOptions, options: Mapping[str, Any], *chosen: str
) -> None:
    """Raise UsageError for an option that `--batch` excludes; without `--batch` do nothing.

    Args:
        chosen: Further options that belong to `submit` only.
    """
    action = options["batch"]
    if action is None:
        return
    others = [flag for name, flag in _EXCLUDED if _is_given(options.get(name))]
    if others:
        raise UsageError(f"--batch and {others[0]} exclude each other")
    unknown = [name for name, _ in output.formats if name not in _FORMATS]
    if unknown:
        hint = "for other formats, collect, then run without --batch"
        raise UsageError(f"--batch writes only text and json, not {unknown[0]}", hint=hint)
    if action == "submit":
        return
    if options["patterns"]:
        hint = f"leave out {options['patterns'][0]!r}"
        raise UsageError(f"--batch {action} is for all batches, not for some prompts", hint=hint)
    of_submit = (*_OF_SUBMIT, *((name, f"--{name}") for name in chosen))
    others = [flag for name, flag in of_submit if _is_given(options.get(name))]
    if others:
        raise UsageError(f"{others[0]} belongs to --batch submit, not to --batch {action}")


def shown_estimate(output: OutputOptions) -> Callable[[Estimate], None]:
    """Prints an estimate before anything is uploaded."""

    def shows(estimate: Estimate) -> None:
        from promptops.terminal.progress import estimate_line

        output.note(estimate_line(estimate))

    return shows


def exit_code_of(report: BatchReport) -> int:
    """0 if nothing is left to do but to run the cases."""
    if report.action == "collect" and report.running:
        return RUNNING
    if report.incomplete:
        return OUTAGE
    return FAILED if report.refused else 0


def _is_given(value: object) -> bool:
    return value not in (None, False, (), "")
