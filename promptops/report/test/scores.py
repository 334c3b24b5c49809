"""The wording of score decisions in all formats, without markup."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.answer import Answer
from promptops.model.test_run import Decided, JudgeAgreement, Worse
from promptops.plurals import counted
from promptops.report.parts.visible import visible_path
from promptops.report.test import facts
from promptops.report.test.facts import Differences

BEFORE, NOW = "before", "now"
SAME = "both answers are the same"
LONG = f"too long to compare here: {facts.ALL}"


def lines(decided: Decided, differences: Differences) -> Iterator[str]:
    """Results of fresh answers, and the cases that lost most with the differences of answers."""
    if proved(decided):
        yield proved(decided)
    if worst(decided):
        yield f"worst cases, {differences.legend(BEFORE, NOW)}:"
    for worse in worst(decided):
        yield from case_lines(worse, differences)


def case_lines(worse: Worse, differences: Differences, too_long: str = LONG) -> Iterator[str]:
    """A case that lost, with the difference of its answers below it, or why it is not shown."""
    yield f"  {visible_path(facts.short(worse.name))}: {lost(worse)}"
    yield from (f"    {line}".rstrip() for line in _compared(worse, differences, too_long))


def agreement(judge: JudgeAgreement) -> str:
    """The agreement of a judge with human labels, and whether it may gate."""
    kappa = "chance alone would agree as often"
    if judge.kappa is not None and judge.kappa_low is not None:
        kappa = f"kappa {judge.kappa:.2f} (at least {judge.kappa_low:.2f})"
    gates = "it may gate" if judge.may_gate else "it may only measure"
    return f"{kappa} on {counted(judge.anchors, 'anchor')}, {gates}"


def plain_agreement(judge: JudgeAgreement) -> str:
    """Whether a judge may gate, without statistics."""
    anchors = counted(judge.anchors, "anchor")
    if judge.may_gate:
        return f"agrees with people on {anchors}, so it may gate"
    return f"is not proved to agree with people well enough by {anchors}, so it may only measure"


def verdict(decided: Decided) -> str:
    """The verdict, with a note if it does not affect the run's verdict."""
    return decided.verdict if decided.gates else f"{decided.verdict} (not gated)"


def worst(decided: Decided) -> tuple[Worse, ...]:
    """The cases that lost most, if the verdict is not `pass`."""
    return () if decided.verdict == "pass" else decided.worst


def proved(decided: Decided) -> str:
    """Such as `proved worse by fresh answers: refund, late parcel`; "" if none were needed."""
    names = ", ".join(map(facts.short, decided.culprits))
    return f"proved worse by fresh answers: {names}" if names else ""


def lost(worse: Worse) -> str:
    """The scores of a case, such as `80 to 46.7 points`."""
    before, after = (f"{round(100 * score, 1):g}" for score in (worse.before, worse.after))
    return f"{before} to {after} points"


def answers(worse: Worse) -> tuple[str, str]:
    """The answers of baseline and candidate, as strings."""
    return _text(worse.before_answer), _text(worse.after_answer)


def _compared(worse: Worse, differences: Differences, too_long: str) -> Iterator[str]:
    before, after = answers(worse)
    if before == after:
        yield SAME
    else:
        yield from list(differences.lines(before, after)) or [too_long]


def _text(answer: Answer) -> str:
    """The text of an answer, then each tool call."""
    return "\n".join(facts.answer_lines(answer))
