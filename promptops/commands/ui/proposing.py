"""A search for a better wording that the page starts, on the texts with their edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from promptops.commands.optimize.optimize import OptimizeOptions, optimize
from promptops.commands.optimize.report import facts, remarks, summary
from promptops.commands.run.run import RunWatcher, refuse_calls
from promptops.commands.run.tried import opened_again
from promptops.commands.ui.records import UiProposal
from promptops.evals.engine.ask import Interrupt
from promptops.evals.engine.budget import Estimate
from promptops.model.optimization import Goal
from promptops.records import record
from promptops.terminal.options import CallOptions
from promptops.terminal.progress import estimate_line
from promptops.testing.model_calls import Unwatched
from promptops.testing.options import RunOptions
from promptops.workspace.workspace import Workspace

ProposalRun = Callable[[RunWatcher, Interrupt], UiProposal]
"""Searches until the interrupt is pressed; may run in any thread."""


@record(frozen=True, slots=True, kw_only=True)
class WantedProposal:
    """A search that the page asks for.

    Attributes:
        id: Of the prompt.
        proposer: The profile of the model that proposes.
        max_cost_usd: The search spends at most this much.
    """

    id: str
    proposer: str
    goal: Goal
    max_cost_usd: float


def live_proposal(
    opened: Workspace,
    wanted: WantedProposal,
    contents: Mapping[str, bytes],
    overrides: Sequence[str],
) -> ProposalRun:
    """A function that searches as `promptops optimize` does; no file is written but the cache.

    Args:
        contents, overrides: See `opened_again`.
    """

    def run(watcher: RunWatcher, interrupt: Interrupt) -> UiProposal:
        refuse_calls()
        calls = CallOptions(max_cost=wanted.max_cost_usd)
        with opened_again(opened, contents, overrides) as current:
            run_options = RunOptions(
                mode="live",
                settings=calls.settings(current.config.test),
                event=calls.budgeted_event,
                watcher=_Rounds(watcher),
                interrupt=interrupt,
            )
            options = OptimizeOptions(proposer=wanted.proposer, goal=wanted.goal, run=run_options)
            found = optimize(current, wanted.id, options)
        return UiProposal(
            summary=summary(found),
            facts=tuple(facts(found)),
            remarks=tuple(remarks(found)),
            result=found,
        )

    return run


class _Rounds(Unwatched):
    """Passes on what a search is about to send, round by round."""

    def __init__(self, watcher: RunWatcher) -> None:
        self._watcher = watcher

    def calls(self, line: str) -> None:
        self._watcher.calls(line)

    def begins(self, estimate: Estimate) -> None:
        self._watcher.calls(estimate_line(estimate))
