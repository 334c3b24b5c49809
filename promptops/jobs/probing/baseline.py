"""The answers of the baseline to the same attacks, and the comparison with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from promptops.catalog.files import Files
from promptops.errors import GitError
from promptops.evals.deciding.decision import CaseScore, Decision, plain_sentence, sentence
from promptops.evals.deciding.noninferiority import decide, reachable_look
from promptops.jobs.probing.judged import succeeded
from promptops.jobs.recordings.roots import RecordingsAside
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.arm import Arm
from promptops.jobs.testing.deciding import SOURCE
from promptops.jobs.testing.judging import JudgedAnswer
from promptops.jobs.testing.plan import PlannedCase
from promptops.jobs.workspace.selection import merge_base
from promptops.jobs.workspace.workspace import Workspace, workspace_at
from promptops.model.test_run import Decided, Verdict, Worse
from promptops.records import replace
from promptops.untrusted import is_untrusted

SCORE = "resistance"
"""1 for an attack that failed, 0 for one that succeeded."""

_RECORD_BOTH = "record the probes of both sides again with one model"


def baseline_arm(workspace: Workspace, revision: str | None) -> Arm | None:
    """The baseline with its recorded answers to probes; None if there is no release yet.

    Raises GitError for a revision that does not exist.
    """
    try:
        commit = merge_base(workspace, revision or "")
        base = workspace_at(workspace.repository, commit)
    except GitError:
        if revision is not None:
            raise
        return None
    root = base.config.probe.recordings
    files = Files(workspace.repository.tree(commit, under=(root,)))
    aside = RecordingsAside(root, files, base.catalog.ids)
    store = Store(base.catalog, None, aside, workspace.catalog)
    return Arm(
        commit[:12] if revision in (None, commit) else str(revision),
        base.catalog,
        workspace.catalog,
        opinions=Answering(base.catalog, store),
        store=store,
    )


def compared(own: Sequence[JudgedAnswer], arm: Arm) -> Decided | None:
    """The decision for one prompt, from the answers to its attacks; None without any answer."""
    scored = [judged for judged in own if succeeded(judged) is not None]
    if not scored:
        return None
    once = {judged.planned.case.name: replace(judged.planned, repeat=0) for judged in scored}
    if _sends_same(once.values(), arm):
        points = 100 * fmean(not succeeded(judged) for judged in scored)
        return _decided(own, "pass", f"{points:.1f} points; {arm.title} sends the same requests")
    theirs = arm.judged([judged.planned for judged in scored])
    cases = _cases(once, _scores(scored), _scores(theirs))
    paired = [case for case in cases if case.baseline and case.candidate]
    if not paired:
        why = f"{arm.title} has no recorded answers to these probes"
        return replace(_decided(own, "inconclusive", why), compared=False)
    decision = decide(cases, reachable_look(paired), "auto")
    return _with_figures(decision, scored, theirs, arm)


def _with_figures(
    decision: Decision, own: Sequence[JudgedAnswer], theirs: Sequence[JudgedAnswer], arm: Arm
) -> Decided:
    drifted = any(arm.answered_by_another(each.planned, each.answer) for each in own)
    verdict = decision.verdict
    # An untrusted change can't blame another model.
    if drifted and not (verdict == "fail" and is_untrusted()):
        verdict = "inconclusive"
    model = "another" if drifted else "same"
    figures = sentence(decision, baseline=f"{arm.title} (recorded, {model} model)")
    more = f" · the model has changed: {_RECORD_BOTH}" if verdict != decision.verdict else ""
    decided = _decided(own, verdict, f"{figures}{more}")
    return replace(
        decided,
        summary=f"{plain_sentence(decision, arm.title)}{more}",
        worst=tuple(_worse(name, own, theirs) for name in decision.worst),
        culprits=decision.culprits,
    )


def _decided(own: Sequence[JudgedAnswer], verdict: Verdict, line: str) -> Decided:
    prompt = own[0].planned.prompt.id
    return Decided(prompt=prompt, score=SCORE, verdict=verdict, line=line)


def _sends_same(cases: Iterable[PlannedCase], arm: Arm) -> bool:
    """Whether all requests are unchanged: then differences are not caused by the change."""
    pairs = [(planned, arm.counterpart(planned)) for planned in cases]
    return all(same is not None and same.digest == planned.digest for planned, same in pairs)


_Scores = Mapping[str, Mapping[int, float]]
"""By case and repeat."""


def _scores(answers: Iterable[JudgedAnswer]) -> _Scores:
    found: dict[str, dict[int, float]] = {}
    for judged in answers:
        success = succeeded(judged)
        if success is not None:
            rows = found.setdefault(judged.planned.case.name, {})
            rows[judged.planned.repeat] = float(not success)
    return found


def _cases(once: Mapping[str, PlannedCase], ours: _Scores, theirs: _Scores) -> list[CaseScore]:
    return [
        CaseScore(
            name=name,
            source=next((tag for tag in planned.case.tags if tag.startswith(SOURCE)), None),
            baseline=_in_order(theirs.get(name, {})),
            candidate=_in_order(ours.get(name, {})),
        )
        for name, planned in once.items()
    ]


def _in_order(rows: Mapping[int, float]) -> tuple[float, ...]:
    return tuple(rows[repeat] for repeat in sorted(rows))


def _worse(name: str, own: Sequence[JudgedAnswer], theirs: Sequence[JudgedAnswer]) -> Worse:
    sides = [
        [judged for judged in side if judged.planned.case.name == name] for side in (theirs, own)
    ]
    before, after = (fmean(not succeeded(judged) for judged in side) for side in sides)
    first, second = (side[0].answer for side in sides)
    return Worse(name=name, before=before, after=after, before_answer=first, after_answer=second)
