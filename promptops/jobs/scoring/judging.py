"""Call judges about some samples, and add their verdicts to the groups."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from promptops.evals.result import Judgement
from promptops.jobs.recordings.store import Store
from promptops.jobs.scoring.buckets import bucket_of
from promptops.jobs.scoring.joining import Joining
from promptops.jobs.scoring.no_verdict import reason_without_content
from promptops.jobs.scoring.prepared import Prepared, PreparedAssertion, answer_of
from promptops.jobs.scoring.sums import BILLION, SCORE, GroupKey, GroupSums, Partial
from promptops.jobs.testing.answering import Answering, not_requested
from promptops.jobs.testing.judging import AnswerJudge
from promptops.jobs.testing.model_calls import ModelCalls, within_budget
from promptops.jobs.testing.options import RunOptions, model_calls
from promptops.jobs.testing.plan import PlannedCase
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Case
from promptops.model.sample import Sample
from promptops.records import field, record, replace

_NAME_DIGITS = 12


@record(frozen=True, slots=True, kw_only=True)
class JudgeCalls:
    """What the calls to judges were.

    Attributes:
        judged: The number of samples with at least one verdict.
        ended: Why judges were not called about all samples, or "".
        no_verdict: The number of missing verdicts, by the reason; not those that `ended` explains.
    """

    judged: int = 0
    ended: str = ""
    cost_usd: float = 0.0
    unanswered: int = 0
    no_verdict: Mapping[str, int] = field(default_factory=dict)


def add_judgements(
    workspace: Workspace, whole: Partial, joining: Joining, options: RunOptions
) -> JudgeCalls:
    """Add the verdicts of judges on the chosen samples to the sums.

    Judges are the prompts, and their models the profiles, of the workspace. Replies are not stored,
    because they may quote samples. Raises UsageError for an endpoint that is not approved.
    """
    found = [each for each in _judgeable(whole, joining) if each.planned.request is not None]
    calls = _calls(workspace, options)
    answering = Answering(workspace.catalog, Store(workspace.catalog), "live", calls=calls)
    judge = AnswerJudge(workspace.catalog, answering, runs_code=False)
    verdicts = judge.judge([(each.planned, each.answer) for each in found]) if found else []
    judged = 0
    for each, judgements in zip(found, verdicts, strict=True):
        judged += _add(whole.groups[each.key], each, judgements)
    return JudgeCalls(
        judged=judged,
        ended=calls.ended,
        cost_usd=calls.cost_usd,
        unanswered=calls.unanswered,
        no_verdict=_missing(verdicts, calls.ended),
    )


def _missing(verdicts: Iterable[Sequence[Judgement]], ended: str) -> dict[str, int]:
    """The missing verdicts by reason; not those whose requests were not sent because of `ended`."""
    reasons = Counter(
        reason_without_content(each.reason)
        for judgements in verdicts
        for each in judgements
        if each.status == "error" and each.degree is None and each.lack != "recording"
        if not (ended and not_requested(ended) in each.reason)
    )
    return dict(sorted(reasons.items()))


@record(frozen=True, slots=True, kw_only=True)
class _JudgeableAnswer:
    key: GroupKey
    sample: Sample
    prompt: Prepared
    planned: PlannedCase
    answer: Answer


def _calls(workspace: Workspace, options: RunOptions) -> ModelCalls:
    budget = workspace.config.test.budget
    settings = within_budget(options.settings, budget, options.event)
    return model_calls(workspace.repository, replace(options, mode="live", settings=settings))


def _judgeable(whole: Partial, joining: Joining) -> Iterable[_JudgeableAnswer]:
    for key, digest, sample in whole.judgeable.chosen():
        joined, answer = joining.join(sample), answer_of(sample)
        if joined is not None and answer is not None:
            yield _JudgeableAnswer(
                key=key,
                sample=sample,
                prompt=joined.prompt,
                planned=_planned(joined.prompt, sample, digest),
                answer=answer,
            )


def _planned(prompt: Prepared, sample: Sample, digest: str) -> PlannedCase:
    """A sample as the case of its prompt, with the judged assertions alone."""
    request = prompt.request(sample)
    case = Case(
        name=f"sample {digest[:_NAME_DIGITS]}",
        inputs=prompt.inputs(sample) or {},
        at="",
        locate=lambda _pointer, _key, within=None: Place(prompt.path),
        output=tuple(json.loads(each.written) for each in prompt.judged),
    )
    return PlannedCase(
        prompt=prompt.for_judges,
        case=case,
        place=Place(prompt.path),
        request=request if request.messages else None,
        needs_answer=True,
    )


def _add(group: GroupSums, each: _JudgeableAnswer, judgements: Sequence[Judgement]) -> bool:
    """Add the verdicts on a sample; whether there is any."""
    bucket = bucket_of(each.sample)
    own_scores = {known.score for known in each.prompt.assertions}
    any_verdict = False
    for assertion, judgement in zip(each.prompt.judged, judgements, strict=True):
        if judgement.status not in ("passed", "failed"):
            group.add_unscorable(assertion.number)
            continue
        any_verdict = True
        group.add(assertion.number, bucket, judgement.passed)
        _add_score(group, bucket, assertion, judgement, own_scores)
    return any_verdict


def _add_score(
    group: GroupSums,
    bucket: int,
    assertion: PreparedAssertion,
    judgement: Judgement,
    own_scores: set[str | None],
) -> None:
    """Add to a score that only judges measure; a mean over other samples can't be added to."""
    if assertion.score is not None and assertion.score not in own_scores:
        degree = judgement.degree or 0.0
        group.add(f"{SCORE}{assertion.score}", bucket, round(degree * BILLION))
