"""A sample of recordings asked again, so that nobody picks the answers that are recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.jobs.recordings.audit import Size, differences, sample
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering, Want
from promptops.jobs.testing.asking import Asking
from promptops.jobs.testing.judging import Heard, wants
from promptops.jobs.testing.plan import Planned
from promptops.model.answer import Recording
from promptops.model.test_run import CaseRun


def audited(
    catalog: Catalog,
    plan: Sequence[Planned],
    recorded: Sequence[Heard],
    *,
    size: Size,
    seed: str,
    asking: Asking,
) -> Iterator[CaseRun]:
    """The cases of a sample whose models answer otherwise today, or can't be asked."""
    known = {each.planned.key: each for each in recorded}
    chosen = {
        (each.request, each.repeat)
        for each in sample([_recording(each) for each in recorded], size, seed)
    }
    asked = [want for want in wants(catalog, plan) if (want.digest, want.repeat) in chosen]
    got = Answering(catalog, Store(catalog), "live", asking=asking).get(asked)
    for want in asked:
        fresh, was = got[want.key], known[want.key]
        if fresh.answer is None:
            yield _case(was, want, f"it could not be asked again: {fresh.reason}", lost=True)
            continue
        found = differences(was.answer, fresh.answer)
        if found:
            what = ", ".join(f"`{name}`" for name in found)
            yield _case(was, want, f"asked again, the model answers otherwise: {what}", lost=False)


def _recording(heard: Heard) -> Recording:
    planned = heard.planned
    return Recording(
        request=planned.digest, repeat=planned.repeat, case=planned.case.name, answer=heard.answer
    )


def _case(heard: Heard, want: Want, reason: str, *, lost: bool) -> CaseRun:
    return CaseRun(
        prompt=heard.planned.prompt.id,
        name=want.case,
        repeat=want.repeat,
        status="error" if lost else "failed",
        place=heard.planned.place,
        reason=reason,
        infrastructure=lost,
    )
