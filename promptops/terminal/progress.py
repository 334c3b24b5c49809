"""Progress of calls to models, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from promptops.evals.engine.ask import Answered, Failed
from promptops.evals.engine.budget import INTERRUPTED
from promptops.plurals import counted, usd
from promptops.report.visible import visible_line
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from promptops.evals.engine.budget import Estimate


class ShownProgress:
    """A watcher that prints what will be requested and, on a terminal, the progress."""

    def __init__(self, output: OutputOptions) -> None:
        self._output = output
        self._bar: ProgressBar[str] | None = None
        self._cost_usd = 0.0
        self._failed = 0

    def calls(self, line: str) -> None:
        """Printed even with --quiet: it shows where an API key is sent."""
        click.echo(visible_line(line), err=True)

    def begins(self, estimate: Estimate) -> None:
        self._output.note(estimate_line(estimate))
        if sys.stderr.isatty() and not self._output.quiet:
            self._failed = 0
            self._bar = _bar(estimate.requests, color=self._output.color)
            self._bar.render_progress()

    def came(self, outcome: Answered | Failed) -> None:
        if isinstance(outcome, Answered):
            self._cost_usd += outcome.cost_usd or 0.0
        else:
            self._failed += 1
        if self._bar is not None:
            rate = f"{1 / self._bar.time_per_iteration:.1f}/s" if self._bar.avg else ""
            self._bar.update(1, " ".join(filter(None, [rate, self._facts()])))

    def closes(self, reason: str) -> None:
        # A user who pressed Ctrl-C needs an answer now; other reasons are reported at the end.
        if reason == INTERRUPTED:
            waits = "waiting for requests under way; Ctrl-C again to stop at once"
            self._output.note(f"{reason}: {waits}")

    def ends(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None

    def _facts(self) -> str:
        failed = f"{self._failed} failed" if self._failed else ""
        cost = f"${self._cost_usd:.4f}" if self._cost_usd else ""
        return " ".join(filter(None, [failed, cost]))


def shown_estimate(output: OutputOptions) -> Callable[[Estimate], None]:
    """Prints an estimate before anything is uploaded."""
    return lambda estimate: output.note(estimate_line(estimate))


def estimate_line(estimate: Estimate) -> str:
    """Such as `sending 40 requests: up to $0.12; at most $1 is spent`.

    For batches: `submitting 40 requests in 1 batch: up to $0.06 at batch prices`.
    """
    unpriced, endless = _listed(estimate.unpriced), _listed(estimate.endless)
    terms = " at batch prices" if estimate.batches else ""
    is_known = estimate.worst_usd or not (unpriced or endless)
    parts = [
        f"up to {usd(estimate.worst_usd)}{terms}" if is_known else "",
        f"the price of {unpriced} is unknown" if unpriced else "",
        f"the longest answer of {endless} is unknown: set `max_output_tokens` in the profile"
        if endless
        else "",
    ]
    left = "" if estimate.left_usd is None else f"; at most {usd(estimate.left_usd)} is spent"
    costs = ", and ".join(filter(None, parts))
    requests = counted(estimate.requests, "request")
    what = f"sending {requests}"
    if estimate.batches:
        what = f"submitting {requests} in {counted(estimate.batches, 'batch')}"
    return f"{what}: {costs}{left}{_how_to_lower(estimate)}"


def _listed(models: Sequence[str]) -> str:
    return ", ".join(f"`{visible_line(name)}`" for name in models)


def _how_to_lower(estimate: Estimate) -> str:
    """Whose answers may be that long, if the budget may be too small for them; or ""."""
    if estimate.left_usd is None or estimate.worst_usd <= estimate.left_usd:
        return ""
    models = _listed(estimate.unlimited)
    cause = f"; no request to {models} limits its answer"
    return f"{cause}: set `max_output_tokens` in its profile" if models else ""


def _bar(requests: int, *, color: bool) -> ProgressBar[str]:
    """Shows the number of answers, the time left, and the text that is passed to `update`."""
    bar: ProgressBar[str] = click.progressbar(
        length=requests,
        file=sys.stderr,
        color=color,
        show_pos=True,
        show_percent=False,
        item_show_func=lambda facts: facts,
    )
    return bar
