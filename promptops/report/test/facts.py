"""A test run in words, without any markup: what all its formats have in common."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from promptops.model.answer import Answer
from promptops.model.arm import TokenMeans
from promptops.model.place import Place
from promptops.model.report import Style
from promptops.model.test_run import (
    ENDED,
    AssertionResult,
    BranchCount,
    CaseRun,
    Decided,
    JudgeAgreement,
    Source,
    TestRun,
    Worse,
)
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.report.data_text import json_data
from promptops.report.visible import visible, visible_path

RECORD = "promptops test --record"
ALL = "promptops test --format json"
UNKNOWN = "?"
NONE = "-"

_LONGEST_NAME = 200
_NAMES_SHOWN = 3
_ANSWERED: dict[Source, str] = {"recorded": "replayed", "cached": "cached", "live": "live"}


def verdict(run: TestRun) -> str:
    """The summary: `fail: 2 failed, 1 error, 3 stale of 40 cases · $0.014`."""
    return f"{run.verdict}: {counts(run)}"


def counts(run: TestRun) -> str:
    """The counts: `40 cases, 122 assertions (replayed)`; failures come first."""
    if not run.cases:
        return "nothing to test" + (f", {visible(run.nothing)}" if run.nothing else "")
    in_files = sum(map(is_of_a_file, run.cases))
    number = len(run.cases) - in_files
    cases = counted(number, "case")
    troubled = ", ".join(_troubled(run, in_files))
    parts = [
        f"{troubled} of {cases}" if troubled else "",
        f"{counted(in_files, 'error')} in files" if in_files else "",
        ", ".join(_scores(run.decided)),
        undercovered(run),
        f"{cases}, {_judged(run)}" if number and not troubled else "",
        "" if run.audited is None else f"{counted(run.audited, 'recording')} requested again",
        _drafts(run),
        cost(run.cost_usd),
    ]
    return " · ".join(filter(None, parts))


def _drafts(run: TestRun) -> str:
    """Such as `96 draft cases to read, 2 fail`."""
    count = run.count
    if not count.drafts:
        return ""
    verb = "fails" if count.warnings == 1 else "fail"
    failing = f", {count.warnings:,} {verb}" if count.warnings else ""
    return f"{counted(count.drafts, 'draft case')} to read{failing}"


def is_of_a_file(found: CaseRun) -> bool:
    """Whether it is an error of a file that can't be read, not of a case."""
    return found.status == "error" and not found.name


def _troubled(run: TestRun, in_files: int) -> Iterator[str]:
    unasked = sum(case.infrastructure for case in run.cases if case.status == "error")
    errors = run.count.errors - unasked - in_files
    if run.count.failed:
        yield f"{run.count.failed} failed"
    if errors > 0:
        yield counted(errors, "error")
    if unasked:
        yield f"{unasked} unanswered"
    if run.count.stale:
        yield f"{run.count.stale} stale"


def _judged(run: TestRun) -> str:
    """Such as `122 assertions (replayed)`, or `(30 replayed, 10 live)` for mixed sources."""
    statuses = Counter(each.status for case in run.cases for each in case.assertions)
    skipped = f", {statuses['skipped']} skipped" if statuses["skipped"] else ""
    said = f"{counted(statuses.total() - statuses['skipped'], 'assertion')}{skipped}"
    return " ".join(filter(None, [said, answered(run)]))


def answered(run: TestRun) -> str:
    """The source of the answers in parentheses; "" without answers."""
    sources: Counter[Source] = Counter(case.source for case in run.cases if case.source != "none")
    if len(sources) == 1:
        return f"({_ANSWERED[next(iter(sources))]})"
    told = [f"{sources[each]} {name}" for each, name in _ANSWERED.items() if each in sources]
    return f"({', '.join(told)})" if told else ""


def _scores(decided: Iterable[Decided]) -> Iterator[str]:
    verdicts = Counter(each.verdict for each in decided if each.gates)
    if verdicts["fail"]:
        yield f"{counted(verdicts['fail'], 'score')} worse"
    if verdicts["inconclusive"]:
        yield f"{counted(verdicts['inconclusive'], 'score')} inconclusive"


def cost_1000(usd: float | None) -> str:
    """The cost of 1,000 requests: three digits, `?` without a price."""
    if usd is None:
        return UNKNOWN
    return f"{usd:,.0f}" if usd >= 1000 else f"{usd:.3g}"


def seconds(number: float | None) -> str:
    """Two digits; `-` without a number."""
    if number is None:
        return NONE
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def tokens(means: TokenMeans | None) -> str:
    """Mean tokens of the request and the answer: `412→38`."""
    return NONE if means is None else f"{means.input:,.0f}→{means.output:,.0f}"


def cost(usd: float) -> str:
    """The cost, such as `$0.014`; "" for zero."""
    if not usd > 0:
        return ""
    if usd < 0.001:
        return "under $0.001"
    return f"${usd:.3f}" if usd < 1 else f"${usd:,.2f}"


def undercovered(run: TestRun) -> str:
    """Such as `71.4% of branches covered, under 90%`; "" if enough are covered."""
    if not run.undercovered:
        return ""
    branches = run.branches
    percent = rounded_down(branches.covered, branches.total) if branches.total else "100%"
    return f"{percent} of branches covered, under {run.fail_under:g}%"


def rounded_down(part: int, whole: int) -> str:
    """A share, such as `71.4%`; rounded down, so that too little never looks like enough."""
    return f"{1000 * part // whole / 10:g}%"


def unanswered(cases: Sequence[CaseRun]) -> str:
    """The number of cases without an answer, such as `no answer to 40 cases`."""
    return f"no answer to {counted(len(cases), 'case')}"


def missing(run: TestRun) -> str:
    """Missing recordings, such as `12 of 40 recordings missing`; "" for none."""
    missed = run.count.stale
    if not missed:
        return ""
    there = sum(case.answer is not None for case in run.cases if case.status != "stale")
    asked = missed + there
    return f"{missed} of {counted(asked, 'recording')} missing"


def next_command(run: TestRun) -> str:
    """The next command, or ""."""
    return visible(run.next) if run.next or not run.count.stale else RECORD


def problem(trouble: Trouble) -> str:
    """The problem in a few words."""
    if trouble.assertion is None:
        return visible(trouble.reason)
    kind, turn = visible(trouble.assertion.type), trouble.assertion.turn
    if kind == ENDED:
        return f"the conversation ended after turn {turn}"
    what = f"turn {turn}: `{kind}`" if turn else f"`{kind}`"
    return f"{what} can't be judged" if trouble.status == "error" else f"{what} does not hold"


def judged_answer(trouble: Trouble) -> Answer | None:
    """The answer that a problem is about: with turns, that of its turn."""
    return answer_of_turn(trouble.case, trouble.assertion.turn if trouble.assertion else None)


def answer_of_turn(case: CaseRun, turn: int | None) -> Answer | None:
    """The answer of a turn, 1-based; without one that of the case."""
    return (
        case.answer if case.answer is None or turn is None else case.answer.turns[turn - 1].answer
    )


def reason(trouble: Trouble) -> str:
    """The reason, for a failed case with what fresh answers show; "" if the problem contains it."""
    if trouble.assertion is None:
        return ""
    shown = trouble.case.reason if trouble.status == "failed" else ""
    return visible("; ".join(filter(None, (trouble.reason, shown))))


def affected_runs(trouble: Trouble, repeated: Collection[tuple[str, str]]) -> str:
    """Prompt and cases, such as `support/triage: refund #0, #2`; no cases for file errors."""
    return ": ".join(filter(None, [prompts(trouble.runs), which(trouble, repeated)]))


def prompts(cases: Iterable[CaseRun]) -> str:
    """Some prompts, and the number of the others, such as `judges/tone, support/triage`."""
    return _some(case.prompt for case in cases)


def which(trouble: Trouble, repeated: Collection[tuple[str, str]]) -> str:
    """The affected cases: `refund #0, #2`, `16 cases` if all are, "" for none.

    They are named if an assertion can't be evaluated, because it may work for other cases.
    """
    every = trouble.concerned
    of_several = len({prompt for prompt, _ in every}) > 1
    if len(every) > 1 and (of_several or trouble.assertion is None):
        return counted(len(every), "case")
    return case_name([run for run in trouble.runs if run.name], repeated) if every else ""


def case_name(runs: Sequence[CaseRun], repeated: Collection[tuple[str, str]]) -> str:
    """The affected runs: `refund #0, #2`, some names of several cases, or a file."""
    first = runs[0]
    if is_of_a_file(first):
        return short(first.place.path.rpartition("/")[2])
    if any(each.name != first.name for each in runs):
        return names(runs)
    if (first.prompt, first.name) not in repeated:
        return short(first.name)
    return f"{short(first.name)} {', '.join(f'#{each.repeat}' for each in runs)}"


def repeated(run: TestRun) -> frozenset[tuple[str, str]]:
    """Prompt and name of cases with several answers."""
    return frozenset((case.prompt, case.name) for case in run.cases if case.repeat)


def names(cases: Iterable[CaseRun]) -> str:
    """Some distinct names, each with its first unanswered turn, and the number of the others."""
    return _some(_with_turn(case) for case in cases)


def _with_turn(case: CaseRun) -> str:
    return case.name if case.turn is None else f"{short(case.name)} (turn {case.turn})"


def _some(every: Iterable[str]) -> str:
    return some(list(dict.fromkeys(map(short, every))), _NAMES_SHOWN)


def call(made: Mapping[str, Any]) -> str:
    """A tool call, such as `find_order({"id": 7})`."""
    arguments = made.get("arguments")
    shown = json.dumps(json_data(arguments), ensure_ascii=False)
    return visible(f"{made.get('name', '')}({shown})")


def answer_lines(answer: Answer) -> list[str]:
    """The text of an answer, then each tool call; at least one line."""
    said = answer.text.split("\n") if answer.text else []
    return [*said, *(f"call {call(each)}" for each in answer.tool_calls)] or ["(an empty answer)"]


def by_prompt(cases: Iterable[CaseRun]) -> dict[str, list[CaseRun]]:
    """Cases by prompt, in the order of the prompts' first cases."""
    found: dict[str, list[CaseRun]] = {}
    for case in cases:
        found.setdefault(case.prompt, []).append(case)
    return found


def covered(branches: BranchCount) -> str:
    """The coverage, such as `41 of 48 branches, 85%`."""
    taken, total = branches.covered, branches.total
    return f"{taken:,} of {counted(total, 'branch')}, {share(taken, total)}"


def share(taken: int, total: int) -> str:
    """The coverage in percent: 100 only for all branches, or without branches."""
    return f"{100 * taken // total if total else 100}%"


def short(text: str) -> str:
    """A name or a path, safe to print, cut if long."""
    return visible(text, _LONGEST_NAME)


# The difference of two texts in a few lines, for a terminal or a log.

_LINES = 12
_LONGEST = 100_000
_MOST = 1_000_000


class Differences:
    """Computes the differences of one report, within a limit of characters."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._left = _MOST  # characters

    def legend(self, before: str, after: str) -> str:
        """The legend: which mark or colour belongs to which text."""
        from promptops.report.differences import Segment, marked

        words = Segment("removed", before), Segment("same", " "), Segment("added", after)
        return marked(words, self._style)

    def lines(self, before: str, after: str) -> Iterator[str]:
        """At most twelve lines, and the number of the others; none if it would take too long."""
        self._left -= len(before) + len(after)
        if self._left < 0 or max(len(before), len(after)) > _LONGEST:
            return
        # This import takes 20 ms, and most runs have no difference to show.
        from promptops.report.differences import by_words, marked, shortened

        found = by_words(before, after)
        for line in found[:_LINES]:
            yield "…" if line is None else marked(shortened(line), self._style)
        if len(found) > _LINES:
            yield f"… {counted(len(found) - _LINES, 'more line')}"


# Why cases have no judged answer, each reason once.


def problem_lines(found: Iterable[CaseRun]) -> Iterator[str]:
    """Each reason once, with the place and the names of its cases, at the first one."""
    equal: dict[tuple[str, str], list[CaseRun]] = {}
    for case in found:
        place = "" if case.name else str(case.place)
        equal.setdefault((place, case.reason), []).append(case)
    for (_, reason), cases in equal.items():
        names = list(dict.fromkeys(short(case.name) for case in cases if case.name))
        shown = f" ({some(names, _NAMES_SHOWN)})" if names else ""
        yield f"{visible_path(str(cases[0].place))}: {visible(reason)}{shown}"


# Collects the reasons why cases don't pass, each once.


@record(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One reason why a case does not pass.

    Attributes:
        runs: The affected runs of the case, in order; at least one. For an error, the runs of all
            cases, also of other prompts, with the same error at the same place.
        assertion: The assertion that does not hold or can't be evaluated; None for other reasons.
    """

    status: Literal["failed", "error"]
    place: Place
    reason: str
    runs: tuple[CaseRun, ...]
    assertion: AssertionResult | None = None

    @property
    def case(self) -> CaseRun:
        """The first affected run."""
        return self.runs[0]

    @property
    def concerned(self) -> frozenset[tuple[str, str]]:
        """Prompt and name of the cases; empty for the error of a file."""
        return frozenset((case.prompt, case.name) for case in self.runs if case.name)

    @property
    def compared(self) -> tuple[str, str] | None:
        """The expected and the actual text."""
        texts = self.assertion.compared if self.assertion and self.status == "failed" else None
        return (texts.expected, texts.got) if texts else None


def troubles(cases: Iterable[CaseRun]) -> list[Trouble]:
    """The reasons of all failures and errors except outages, in the order of the cases."""
    found: dict[object, Trouble] = {}
    for case in cases:
        for trouble in _of_case(case):
            whose = (case.prompt, case.name) if trouble.status == "failed" else None
            what = trouble.assertion.type if trouble.assertion else None
            key = (whose, trouble.status, what, trouble.place, trouble.reason)
            earlier = found.get(key)
            if earlier is None:
                found[key] = trouble
            elif earlier.runs[-1] is not trouble.case:
                found[key] = replace(earlier, runs=(*earlier.runs, *trouble.runs))
    return list(found.values())


def shared(cases: Iterable[CaseRun]) -> list[Trouble]:
    """The errors that several cases share."""
    return [each for each in troubles(cases) if len(each.concerned) > 1]


def outages(run: TestRun) -> dict[str, list[CaseRun]]:
    """The errors of providers and the network, by reason."""
    return _by_reason(case for case in run.cases if case.status == "error" and case.infrastructure)


def notes(run: TestRun) -> dict[str, list[CaseRun]]:
    """Notes on cases that pass, and on drafts that fail, each with its cases."""
    noted = (case for case in run.cases if case.status in ("passed", "warning"))
    return _by_reason(case for case in noted if case.reason)


def stale(run: TestRun) -> dict[str, list[CaseRun]]:
    """The cases without a recording, by prompt."""
    return by_prompt(case for case in run.cases if case.status == "stale")


def breaks(case: CaseRun, assertion: AssertionResult) -> bool:
    """Whether the case does not pass because of it; a measure that does not hold is no reason."""
    return assertion.status == "error" or (assertion.status == "failed" and assertion.must)


def _by_reason(cases: Iterable[CaseRun]) -> dict[str, list[CaseRun]]:
    found: dict[str, list[CaseRun]] = {}
    for case in cases:
        found.setdefault(case.reason, []).append(case)
    return found


def _of_case(case: CaseRun) -> Iterator[Trouble]:
    if case.status == "failed":
        yield from list(_of_assertions(case)) or [_of_itself(case, "failed")]
    elif case.infrastructure:
        yield from (trouble for trouble in _of_assertions(case) if trouble.status == "failed")
    elif case.status == "error":
        found = list(_of_assertions(case))
        if not any(each.status == "error" for each in found):
            yield _of_itself(case, "error")
        yield from found


def _of_itself(case: CaseRun, status: Literal["failed", "error"]) -> Trouble:
    reason = case.reason or "no reason was given"
    return Trouble(status=status, place=case.place, reason=reason, runs=(case,))


def _of_assertions(case: CaseRun) -> Iterator[Trouble]:
    for assertion in case.assertions:
        if breaks(case, assertion):
            yield Trouble(
                status="error" if assertion.status == "error" else "failed",
                place=assertion.place,
                reason=assertion.reason,
                runs=(case,),
                assertion=assertion,
            )


# The wording of score decisions in all formats, without markup.

BEFORE, NOW = "before", "now"
SAME = "both answers are the same"
LONG = f"too long to compare here: {ALL}"


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
    yield f"  {visible_path(short(worse.name))}: {lost(worse)}"
    before, after = answers(worse)
    compared = list(differences.lines(before, after)) if before != after else [SAME]
    yield from (f"    {line}".rstrip() for line in compared or [too_long])


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


def score_verdict(decided: Decided) -> str:
    """The verdict, with a note if it does not affect the run's verdict."""
    return decided.verdict if decided.gates else f"{decided.verdict} (not gated)"


def worst(decided: Decided) -> tuple[Worse, ...]:
    """The cases that lost most, if the verdict is not `pass`."""
    return () if decided.verdict == "pass" else decided.worst


def proved(decided: Decided) -> str:
    """Such as `proved worse by fresh answers: refund, late parcel`; "" if none were needed."""
    names = ", ".join(map(short, decided.culprits))
    return f"proved worse by fresh answers: {names}" if names else ""


def lost(worse: Worse) -> str:
    """The scores of a case, such as `80 to 46.7 points`."""
    before, after = (f"{round(100 * score, 1):g}" for score in (worse.before, worse.after))
    return f"{before} to {after} points"


def answers(worse: Worse) -> tuple[str, str]:
    """The answers of baseline and candidate, as strings."""
    before, after = map(answer_lines, (worse.before_answer, worse.after_answer))
    return "\n".join(before), "\n".join(after)
