"""Audit a sample of recordings by requesting them again, to detect picked answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.jobs.recordings.audit import Size, differences, sample
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering, Want
from promptops.jobs.testing.asking import ModelCalls
from promptops.jobs.testing.plan import Planned
from promptops.model.answer import Answer, Recording
from promptops.model.place import Place
from promptops.model.test_run import CaseRun


def audited(
    catalog: Catalog,
    plan: Sequence[Planned],
    replayed: Answering,
    *,
    sampled: tuple[Size, str],
    asking: ModelCalls,
) -> Iterator[CaseRun]:
    """The cases of a sample whose models or judges now give another answer, or fail.

    `sampled` is the size of the sample, and the seed that chooses it.
    """
    places = {(each.prompt.path, each.case.name): each.place for each in plan}
    known = {want.key: (want, answer) for want, answer in replayed.answered()}
    chosen = sample([_recording(*each) for each in known.values()], *sampled)
    keys = {(each.request, each.repeat, each.judge) for each in chosen}
    asked = [want for want, _ in known.values() if want.key[1:] in keys]
    got = Answering(catalog, Store(catalog), "live", asking=asking).get(asked)
    for want in asked:
        fresh, was = got[want.key], known[want.key][1]
        prompt = catalog.ids.get(want.path, want.path)
        place = places.get((want.path, want.case), Place(want.path))
        whose = f"the judge `{want.judge}`" if want.judge else "the model"
        if fresh.answer is None:
            reason = f"it could not be requested again: {fresh.reason}"
            yield _case(prompt, want, place, reason, lost=True)
        elif found := differences(was, fresh.answer):
            what = ", ".join(f"`{name}`" for name in found)
            reason = f"requested again, {whose} gives another answer: {what}"
            yield _case(prompt, want, place, reason, lost=False)


def _recording(want: Want, answer: Answer) -> Recording:
    return Recording(
        request=want.digest, repeat=want.repeat, case=want.case, answer=answer, judge=want.judge
    )


def _case(prompt: str, want: Want, place: Place, reason: str, *, lost: bool) -> CaseRun:
    return CaseRun(
        prompt=prompt,
        name=want.case,
        repeat=want.repeat,
        status="error" if lost else "failed",
        place=place,
        reason=reason,
        infrastructure=lost,
    )
