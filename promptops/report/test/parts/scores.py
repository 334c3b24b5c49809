"""The wording of a decision in all formats, without any markup."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.counting import counted
from promptops.model.answer import Answer
from promptops.model.test_run import Decided, JudgeAgreement, Worse
from promptops.report.parts.visible import visible_path
from promptops.report.test.parts import facts
from promptops.report.test.parts.difference import Differences

BEFORE, NOW = "before", "now"
SAME = "both answers are the same"
LONG = f"too long to compare here: {facts.ALL}"


def lines(decided: Decided, differences: Differences) -> Iterator[str]:
    """What fresh answers proved, and the cases that lost most with how their answers differ."""
    if proved(decided):
        yield proved(decided)
    if worst(decided):
        yield f"worst cases, {differences.legend(BEFORE, NOW)}:"
    for each in worst(decided):
        yield f"  {visible_path(facts.short(each.name))}: {lost(each)}"
        yield from (f"    {line}".rstrip() for line in _compared(each, differences))


def agreement(judge: JudgeAgreement) -> str:
    """How far a judge agrees with people, and whether it may gate."""
    by_chance = "chance alone would agree as often"
    kappa = by_chance if judge.kappa is None else f"kappa {judge.kappa:.2f}"
    gates = "it may gate" if judge.may_gate else "it may only measure"
    return f"{kappa} on {counted(judge.anchors, 'anchor')}, {gates}"


def verdict(decided: Decided) -> str:
    """The verdict, and whether the score does not affect the verdict of the run."""
    return decided.verdict if decided.gates else f"{decided.verdict} (not gated)"


def worst(decided: Decided) -> tuple[Worse, ...]:
    """The cases that lost most, if the verdict is not `pass`."""
    return () if decided.verdict == "pass" else decided.worst


def proved(decided: Decided) -> str:
    """Such as `proved worse by fresh answers: refund, late parcel`; "" where none were needed."""
    names = ", ".join(map(facts.short, decided.culprits))
    return f"proved worse by fresh answers: {names}" if names else ""


def lost(worse: Worse) -> str:
    """Such as `80 to 46.7 points`."""
    before, after = (f"{round(100 * score, 1):g}" for score in (worse.before, worse.after))
    return f"{before} to {after} points"


def answers(worse: Worse) -> tuple[str, str]:
    """That of the baseline and that of the candidate, as texts."""
    return _text(worse.before_answer), _text(worse.after_answer)


def _compared(worse: Worse, differences: Differences) -> Iterator[str]:
    before, after = answers(worse)
    if before == after:
        yield SAME
    else:
        yield from list(differences.lines(before, after)) or [LONG]


def _text(answer: Answer) -> str:
    """What is said, and then each tool that is called."""
    return "\n".join(facts.answer_lines(answer))
