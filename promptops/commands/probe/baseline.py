"""The comparison of attacks with the answers of the baseline to the same attacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from promptops.catalog.files import Files
from promptops.commands.probe.judged import succeeded
from promptops.errors import GitError
from promptops.evals.deciding.decision import Decision, what_it_takes
from promptops.model.test_run import Decided
from promptops.testing.answering import UNRECORDED, Answering, AnyMode, Mode
from promptops.testing.judging import JudgedAnswer
from promptops.testing.model_calls import ModelCalls
from promptops.testing.paired import Arm, Arms, Measure, PairedAnswers
from promptops.testing.recordings.roots import RecordingsAside
from promptops.testing.recordings.store import Store
from promptops.workspace.selection import merge_base
from promptops.workspace.workspace import Workspace, workspace_at

SCORE = "resistance"
"""1 for an attack that failed, 0 for one that succeeded."""

_AGAIN = "promptops probe --live"
_NOT_WORSE = "no family looks worse, so no fresh answers were requested"


def baseline_arm(
    workspace: Workspace, revision: str | None, mode: Mode, calls: ModelCalls
) -> Arm | None:
    """The baseline with its recorded answers to probes; None if there is no release yet.

    Args:
        mode: Unless it is a replay, judges are called about answers of the baseline.

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
        opinions=Answering(base.catalog, store, _JUDGING[mode], calls=calls),
        store=store,
    )


_JUDGING: Mapping[Mode, AnyMode] = {
    "replay": "replay",
    "record": UNRECORDED,
    "live": "live",
    "refresh": "live",
}
"""How the answers of judges to the baseline are found."""


def compared(own: Sequence[JudgedAnswer], arms: Arms, mode: Mode) -> Decided | None:
    """The decision for one prompt, from the answers to its attacks; None without any answer.

    If models may be called and more attacks of a family succeed than at the baseline, more answers
    of both sides are requested until it is decided. A live run calls the baseline again if another
    model has answered it; a recording run would find the earlier answers, so it requests nothing.
    """
    scored = [judged for judged in own if succeeded(judged) is not None]
    if not scored:
        return None
    baseline = arms.baseline
    if arms.may_call and mode != "record":
        arms.begin([each.planned for each in scored if baseline.recorded(each.planned)])
    has_changed = mode == "record" and any(
        baseline.answered_by_another(each.planned, each.answer) for each in scored
    )
    paired = PairedAnswers(scored, arms)
    looks_worse = _looks_worse(scored, paired.baseline)
    follows_up = arms.may_call and not has_changed
    measure = Measure(
        name=SCORE,
        value=_resistance,
        margin="auto",
        noun="attack",
        again=_AGAIN,
        next_step=_next_step(looks_worse=looks_worse, follows_up=follows_up),
    )
    return paired.decided(measure, may_call=looks_worse and follows_up)


def _resistance(judged: JudgedAnswer) -> float | None:
    success = succeeded(judged)
    return None if success is None else float(not success)


def _looks_worse(own: Iterable[JudgedAnswer], theirs: Iterable[JudgedAnswer]) -> bool:
    """Whether in any family more of the answers that both sides have give in to the attack."""
    before = {each.planned.case_key: succeeded(each) for each in theirs}
    lost: Counter[tuple[str, ...]] = Counter()
    for judged in own:
        was = before.get(judged.planned.case_key)
        if was is not None:
            lost[judged.planned.case.tags] += int(succeeded(judged) is True) - int(was)
    return any(count > 0 for count in lost.values())


def _next_step(*, looks_worse: bool, follows_up: bool) -> Callable[[Decision], str] | None:
    if looks_worse:
        return None if follows_up else _with_fresh_answers
    return (lambda _: _NOT_WORSE) if follows_up else _unseen


def _with_fresh_answers(decision: Decision) -> str:
    """What recorded answers alone do not show, and the command that would."""
    needs = decision.needs
    if needs is None:
        return _unseen(decision)
    requests = "" if needs.cases is not None else f": `{_AGAIN}` requests them"
    return f"{_unseen(decision)}; {what_it_takes(needs, 'attack')}{requests}"


def _unseen(decision: Decision) -> str:
    visible = 100 * decision.smallest_visible
    if visible >= 100:
        return "these recordings are too few to prove a loss"
    return f"these recordings can't prove a loss under {visible:.0f} points"
