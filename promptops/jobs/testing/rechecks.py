"""Request answers again: to audit recordings, and before a violated contract fails a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.retrieved_inputs import retrieved_name
from promptops.evals.judge_answer import status_of
from promptops.jobs.recordings.audit import SampleSize, answer_differences, sample
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.judging import AnswerJudge, JudgedAnswer, judged_answers
from promptops.jobs.testing.model_calls import ModelCalls
from promptops.jobs.testing.plan import CaseKey, PlannedCase
from promptops.jobs.testing.wanted_answers import WantedAnswer
from promptops.model.answer import Answer, Recording
from promptops.model.place import Place
from promptops.model.test_run import CaseRun
from promptops.records import replace


def audit_recordings(
    catalog: Catalog,
    plan: Sequence[PlannedCase],
    replayed: Answering,
    *,
    sampled: tuple[SampleSize, str],
    calls: ModelCalls,
) -> Iterator[CaseRun]:
    """The cases of a sample for which the model or a judge now gives another answer, or fails.

    `sampled` is the size of the sample, and the seed that chooses it.
    """
    places = {(case.prompt.path, case.case.name): case.place for case in plan}
    known = {
        want.key: (want, answer)
        for want, answer in replayed.answered()
        if retrieved_name(want.judge) is None  # only answers of models are requested again
    }
    chosen = sample([_recording(*pair) for pair in known.values()], *sampled)
    keys = {(recording.request, recording.repeat, recording.judge) for recording in chosen}
    requested = [want for want, _ in known.values() if want.key[1:] in keys]
    results = Answering(catalog, Store(catalog), "live", calls=calls).get(requested)
    for want in requested:
        fresh, was = results[want.key], known[want.key][1]
        prompt = catalog.ids.get(want.path, want.path)
        place = places.get((want.path, want.case), Place(want.path))
        whose = f"the judge `{want.judge}`" if want.judge else "the model"
        if fresh.answer is None:
            reason = f"it could not be requested again: {fresh.reason}"
            yield _case(prompt, want, place, reason, outage=True)
        elif found := answer_differences(was, fresh.answer):
            what = ", ".join(f"`{name}`" for name in found)
            reason = f"requested again, {whose} gives another answer: {what}"
            yield _case(prompt, want, place, reason, outage=False)


def _recording(want: WantedAnswer, answer: Answer) -> Recording:
    return Recording(
        request=want.digest, repeat=want.repeat, case=want.case, answer=answer, judge=want.judge
    )


def _case(prompt: str, want: WantedAnswer, place: Place, reason: str, *, outage: bool) -> CaseRun:
    return CaseRun(
        prompt=prompt,
        name=want.case,
        repeat=want.repeat,
        status="error" if outage else "failed",
        place=place,
        reason=reason,
        infrastructure=outage,
    )


_FRESH = 2
FIRST_FRESH = 2_000
"""The repeat of the first such answer; far above any that a prompt has."""


def confirm_failures(
    judging: AnswerJudge, found: Sequence[JudgedAnswer]
) -> tuple[list[JudgedAnswer], dict[CaseKey, str]]:
    """The answers, and notes on those that passed at the second attempt.

    A violating answer stays if one of two more answers is missing or also violates a contract;
    otherwise the first of the two replaces it.
    """
    failed = [judged.planned for judged in found if status_of(judged.judgements) == "failed"]
    if not failed:
        return list(found), {}
    more, _ = judged_answers(
        judging, [again for planned in failed for again in fresh_cases(planned)]
    )
    confirmed = {
        judged.planned.case_key: judged
        for judged in more
        if status_of(judged.judgements) == "passed"
    }
    replacements = {
        planned.case_key: confirmed[fresh_cases(planned)[0].case_key]
        for planned in failed
        if _all_passed(planned, confirmed)
    }
    note = f"one of {_FRESH + 1} answers violates a contract that the others meet"
    notes = dict.fromkeys(replacements, note)
    final = [replacements.get(judged.planned.case_key, judged) for judged in found]
    return [replace(new, planned=old.planned) for old, new in zip(found, final, strict=True)], notes


def _all_passed(planned: PlannedCase, confirmed: Mapping[CaseKey, JudgedAnswer]) -> bool:
    return all(again.case_key in confirmed for again in fresh_cases(planned))


def fresh_cases(planned: PlannedCase) -> tuple[PlannedCase, ...]:
    """The same case for the answers that confirm a violated contract."""
    first = FIRST_FRESH + _FRESH * planned.repeat
    return tuple(replace(planned, repeat=first + number) for number in range(_FRESH))
