"""For people: a line for each batch, what is missing and why, and the next command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.batch import BatchReport, BatchRow, UnansweredCase
from promptops.model.report import Style, plain
from promptops.plurals import counted, some, usd
from promptops.report.visible import visible, visible_line

_SHOWN = 3
_NOTHING = {
    "submit": "nothing to submit: no answer is missing",
    "collect": "nothing to collect: no batch is pending",
    "cancel": "nothing to cancel: no batch is pending",
}


def write_text(report: BatchReport, *, style: Style = plain, **_: object) -> str:
    """The lines, each with a newline."""
    return "".join(f"{line}\n" for line in _lines(report, style))


def _lines(report: BatchReport, style: Style) -> Iterator[str]:
    for batch in report.batches:
        name = visible_line(batch.id) or "batch without an id"
        yield f"{style('path', name)}: {_state(batch)}"
        if batch.state == "unknown" and batch.file:
            yield f"  to give it up, delete {visible_line(batch.file)}"
    yield from _cases(report.refused, "error", style)
    yield from _cases(report.unanswered, "no answer", style)
    yield from _facts(report)
    if report.next:
        yield f"{style('hint', 'next')}: {report.next}"


def _state(batch: BatchRow) -> str:
    """Such as `collected, 38 answers to 40 requests to `fast`: the batch expired`."""
    requests = f"{counted(batch.requests, 'request')} to `{visible_line(batch.profile)}`"
    facts = {
        "submitted": f"submitted, {requests}",
        "running": f"running, {batch.done:,} of {requests} done",
        "cancelling": f"is being cancelled, {batch.done:,} of {requests} done",
        "ended": f"has ended, {requests}",
        "absent": f"the submit was interrupted before it was created, {requests}",
        "collected": f"{counted(batch.answers, 'answer')} to {requests}",
        "unknown": f"not collected, {requests}",
    }[batch.state]
    ignored = f", {counted(batch.ignored, 'result')} ignored: unknown ids" if batch.ignored else ""
    reason = f": {visible_line(batch.reason)}" if batch.reason else ""
    return f"{facts}{ignored}{reason}"


def _cases(cases: Iterable[UnansweredCase], what: str, style: Style) -> Iterator[str]:
    """The cases by reason."""
    by_reason: dict[str, list[UnansweredCase]] = {}
    for case in cases:
        by_reason.setdefault(case.reason, []).append(case)
    for reason, found in by_reason.items():
        yield f"{style('error', what)}: {visible_line(reason)}"
        names = list(dict.fromkeys(map(_shown, found)))
        yield f"  {some(names, _SHOWN)}"


def _shown(case: UnansweredCase) -> str:
    name = f": {visible(case.case)}" if case.case else ""
    return f"{visible_line(case.prompt)}{name}"


def _facts(report: BatchReport) -> Iterator[str]:
    if report.action == "collect" and report.batches:
        yield f"collected {counted(report.answers, 'answer')}{_cost(report)}"
    if report.from_cache:
        yield f"recorded {counted(report.from_cache, 'answer')} from the local cache"
    if report.outdated:
        yield (
            f"{counted(report.outdated, 'answer')} to requests that no case sends any more: "
            "kept in the local cache"
        )
    if report.left:
        ended = f": {visible_line(report.ended)}" if report.ended else ""
        yield f"not submitted: {counted(report.left, 'request')}{ended}"
    if report.waiting:
        yield f"in earlier batches that are not collected yet: {counted(report.waiting, 'request')}"
    if report.judges_next:
        yield "judges are called about these answers: submit again after collecting them"
    if report.elsewhere:
        yield f"{counted(report.elsewhere, 'batch')} of other work trees: collect them there"
    missing = report.unanswered or report.refused
    if not (report.batches or report.left or report.waiting or missing):
        yield _NOTHING[report.action]


def _cost(report: BatchReport) -> str:
    if report.cost_usd is None:
        return ", at unknown prices"
    return f": {usd(report.cost_usd)} at batch prices" if report.cost_usd else ""
