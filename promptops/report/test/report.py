"""A test run for a terminal, a comment, annotations, CI servers, and programs that read lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.report import Style, plain
from promptops.model.test_run import (
    CaseRun,
    CoverageRow,
    Decided,
    TestRun,
    Uncovered,
    Verdict,
    Worse,
)
from promptops.plurals import counted, some
from promptops.records import field, record
from promptops.report.answer_text import printed_answer
from promptops.report.differences import patch_lines
from promptops.report.document import LIMIT, more
from promptops.report.findings.github import annotation
from promptops.report.findings.junit import attributes, totals, xml_text
from promptops.report.markdown_text import block, code, escape, fitting, indented, sentence, within
from promptops.report.test import facts
from promptops.report.test.facts import Differences, Trouble, notes, outages, stale, troubles
from promptops.report.visible import visible, visible_line, visible_path
from promptops.source.shard import shard_text

_VERDICTS = {"pass": "info", "fail": "error", "inconclusive": "warning"}


def write_text(run: TestRun, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """Failures, scores, coverage if requested, and the summary; nothing about passed cases.

    Args:
        figures: Show the statistics of scores and judges instead of a plain sentence, and the
            answers of failing cases.
    """
    lines = [*report_lines(run, style, figures=figures), style("summary", facts.verdict(run))]
    return "".join(f"{line}\n" for line in lines)


def report_lines(run: TestRun, style: Style, *, figures: bool = False) -> Iterator[str]:
    """The lines before the summary."""
    return _RunWriter(run, style, figures=figures).lines()


class _RunWriter:
    def __init__(self, run: TestRun, style: Style, *, figures: bool) -> None:
        self._run = run
        self._style = style
        self._figures = figures
        self._repeated = facts.repeated(run)
        self._differences = Differences(style)
        self._shown_answers: set[tuple[str, str, int, int | None]] = set()

    def lines(self) -> Iterator[str]:
        for trouble in troubles(self._run.cases):
            yield from self._trouble(trouble)
        yield from self._outages()
        yield from self._stale()
        yield from self._notes()
        for decided in self._run.decided:
            yield from self._decided(decided)
        for judge in self._run.judges:
            who = f"{self._style('note', 'judge')}: {facts.short(judge.judge)}"
            agreement = facts.agreement if self._figures else facts.plain_agreement
            yield f"{who}: {agreement(judge)}"
        if self._run.coverage:
            yield from self._coverage()
        if facts.next_command(self._run) and not self._run.count.stale:
            yield f"{self._style('hint', 'hint')}: {facts.next_command(self._run)}"

    def _trouble(self, trouble: Trouble) -> Iterator[str]:
        where, status = self._place(trouble.place), self._style("error", trouble.status)
        who = self._style("code", facts.affected_runs(trouble, self._repeated))
        yield f"{where}: {status}: {facts.problem(trouble)}  [{who}]"
        yield from _details(trouble, self._differences)
        if self._figures and trouble.status == "failed":
            for run in trouble.runs:
                yield from self._answer(run, trouble.assertion.turn if trouble.assertion else None)

    def _answer(self, run: CaseRun, turn: int | None) -> Iterator[str]:
        """The whole answer of a failing case or of its turn, once for all its failures."""
        key, answer = (run.prompt, run.name, run.repeat, turn), facts.answer_of_turn(run, turn)
        if answer is None or key in self._shown_answers:
            return
        self._shown_answers.add(key)
        number = f" #{run.repeat}" if (run.prompt, run.name) in self._repeated else ""
        yield f"  answer{number}{f' of turn {turn}' if turn else ''}:"
        yield from (f"    {line}".rstrip() for line in printed_answer(answer))

    def _outages(self) -> Iterator[str]:
        for reason, cases in outages(self._run).items():
            unanswered = facts.unanswered(cases)
            yield f"{self._style('error', 'error')}: {unanswered}: {visible(reason)}"
            yield from self._names(cases)

    def _stale(self) -> Iterator[str]:
        missing = facts.missing(self._run)
        if missing:
            hint = self._style("hint", facts.next_command(self._run))
            yield f"{self._style('warning', 'stale')}: {missing}, run {hint}"
        for prompt, cases in stale(self._run).items():
            yield f"  {self._prompt(prompt)}: {facts.names(cases)}"

    def _notes(self) -> Iterator[str]:
        for reason, cases in notes(self._run).items():
            kind = note_kind(cases)
            yield f"{self._style(kind, kind)}: {visible(reason)}"
            yield from self._names(cases)

    def _names(self, cases: list[CaseRun]) -> Iterator[str]:
        for prompt, found in facts.by_prompt(cases).items():
            yield f"  {self._prompt(prompt)}: {facts.names(found)}"

    def _decided(self, decided: Decided) -> Iterator[str]:
        if not decided.compared:
            where, line = self._prompt(decided.prompt), visible(decided.line)
            yield f"{self._style('note', 'score')}: {where}: {facts.short(decided.score)} {line}"
            return
        kind = _VERDICTS[decided.verdict] if decided.gates else "note"
        verdict = self._style(kind, facts.score_verdict(decided))
        what = f"{facts.short(decided.prompt)} {facts.short(decided.score)}"
        line = decided.line if self._figures else decided.plain
        yield f"{self._style('note', 'score')}: {what}: {verdict}: {visible(line)}"
        yield from (f"  {line}".rstrip() for line in facts.lines(decided, self._differences))

    def _coverage(self) -> Iterator[str]:
        rows = self._run.coverage
        yield f"{self._style('note', 'coverage')}: {facts.covered(self._run.branches)}"
        names = [visible_path(facts.short(row.prompt)) for row in rows]
        figures = [f"{row.covered}/{row.total}" for row in rows]
        widths = max(map(len, names)), max(map(len, figures))
        for row, name, figure in zip(rows, names, figures, strict=True):
            percent = facts.share(row.covered, row.total)
            shown = self._style("path", name.ljust(widths[0]))
            yield f"  {shown}  {figure.rjust(widths[1])}  {percent:>4}"
            for branch in row.uncovered:
                yield f"    {self._place(branch.place)}: {visible(branch.message)}"

    def _prompt(self, prompt: str) -> str:
        return self._style("path", visible_path(facts.short(prompt)))

    def _place(self, place: Place) -> str:
        return self._style("path", visible_path(str(place)))


def note_kind(cases: Sequence[CaseRun]) -> Literal["note", "warning"]:
    """Whether a note on cases is a warning: they are drafts that fail."""
    return "warning" if cases[0].status == "warning" else "note"


def _details(trouble: Trouble, differences: Differences) -> Iterator[str]:
    """The reason, and the difference of expected and actual text."""
    if facts.reason(trouble):
        yield f"  {visible_line(facts.reason(trouble))}"
    lines = list(differences.lines(*trouble.compared)) if trouble.compared else []
    if lines:
        yield f"  {differences.legend('expected', 'actual')}:"
    yield from (f"    {line}".rstrip() for line in lines)


# For the comment on a pull request: the verdict first, then each prompt, folded.

MARKER = "<!-- promptops test -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_SCORES = 10_000
_ROOM_FOR_FIGURES = 3_000
_ROOM_FOR_WORST = 14_000
_ROOM_FOR_OUTAGES = 6_000
_ROOM_FOR_STALE = 6_000
_ROOM_FOR_NOTES = 3_000
_ROOM_FOR_COVERAGE = 12_000
_LONGEST_SECTION = 12_000
_LONGEST_TO_COMPARE = 20_000
_LINES_OF_A_BLOCK = 30
_LINES_OF_AN_ANSWER = 12
_PROMPTS_OF_A_REASON = 8
_LONGEST_SENTENCE = 500
_SCORES = "| prompt | score | verdict | result |\n|---|---|---|---|\n"
_COVERED = "| prompt | branches | covered |\n|---|--:|--:|\n"


def write_markdown(run: TestRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = _head(run)
    return head + body(run, LIMIT - _RESERVED - len(head))


def body(run: TestRun, room: int) -> str:
    """The parts below the verdict; prompts with failing cases are shown as far as they fit.

    Every other part is shown completely or left out.
    """
    told = [_scores(run), _worst(run.decided), _judges(run), _outages(run)]
    every = [part for part in (_coverage(run), *told, _stale(run), _notes(run)) if part]
    parts = list(fitting(room - _RESERVED, every))
    left_out = len(every) - len(parts)
    last = [parts.pop(0)] if run.coverage and parts[:1] == every[:1] else []
    if left_out:
        last.append(f"\n{counted(left_out, 'more part')} left out: {code(facts.ALL)}\n")
    sections = _sections(run, room - sum(map(len, (*parts, *last))))
    return "".join([*parts, *sections, *last])


def _head(run: TestRun) -> str:
    head = f"{MARKER}\n**{run.verdict}**: {_sentence(facts.counts(run))}\n"
    command = facts.next_command(run)
    return f"{head}\nNext: {_command(command)}\n" if command and not facts.missing(run) else head


def _command(text: str) -> str:
    return code(visible(text, _LONGEST_SENTENCE))


def _scores(run: TestRun) -> str:
    rows = _listed(_ROOM_FOR_SCORES, map(_score, run.decided), len(run.decided), "score")
    against = f" against {code(facts.short(run.baseline))}" if run.baseline else ""
    return f"\n**Scores**{against}\n\n{_SCORES}{rows}{_markdown_figures(run)}" if rows else ""


def _markdown_figures(run: TestRun) -> str:
    """The statistics of the scores, folded."""
    compared = [decided for decided in run.decided if decided.summary]
    items = (
        f"- {code(facts.short(decided.prompt))} {escape(facts.short(decided.score))}: "
        f"{_sentence(decided.line)}\n"
        for decided in compared
    )
    lines = _listed(_ROOM_FOR_FIGURES, items, len(compared), "score")
    summary = "<details><summary>Figures</summary>"
    return f"\n{summary}\n\n{lines}\n</details>\n" if lines else ""


def _judges(run: TestRun) -> str:
    lines = (
        f"- judge {code(facts.short(j.judge))}: {facts.plain_agreement(j)}\n" for j in run.judges
    )
    found = "".join(_listed(_ROOM_FOR_SCORES, lines, len(run.judges), "judge"))
    return f"\n{found}" if found else ""


def _score(decided: Decided) -> str:
    proved = facts.proved(decided)
    cells = [
        code(facts.short(decided.prompt)),
        escape(facts.short(decided.score)),
        f"**{decided.verdict}**"
        if decided.verdict == "fail" and decided.gates
        else facts.score_verdict(decided),
        "<br>".join(map(_sentence, filter(None, [decided.plain, proved]))),
    ]
    return f"| {' | '.join(cells)} |\n"


def _worst(decided: tuple[Decided, ...]) -> str:
    found = [each for each in decided if facts.worst(each)]
    return _listed(_ROOM_FOR_WORST, map(_lost, found), len(found), "score")


def _lost(decided: Decided) -> str:
    what = f"{code(facts.short(decided.prompt))} {escape(facts.short(decided.score))}"
    worst = facts.worst(decided)
    items = _listed(_ROOM_FOR_WORST // 2, map(worst_case, worst), len(worst), "case")
    return f"\n<details><summary>{what}: the worst cases</summary>\n\n{items}\n</details>\n"


def worst_case(worse: Worse, too_long: str = facts.LONG) -> str:
    """The item of a case that lost, with the difference of its answers."""
    item = f"- {code(facts.short(worse.name))}: {facts.lost(worse)}"
    answers = facts.answers(worse)
    if answers[0] == answers[1]:
        return f"{item}, {facts.SAME}\n"
    if max(map(len, answers)) > _LONGEST_TO_COMPARE:
        return f"{item}, {sentence(too_long)}\n"
    shown = block("diff", patch_lines(*answers), _LINES_OF_AN_ANSWER)
    return f"{item}\n\n{indented(shown)}\n"


def _outages(run: TestRun) -> str:
    text = _by_reason(outages(run), _ROOM_FOR_OUTAGES)
    return f"\n**No answer**\n\n{text}" if text else ""


def _notes(run: TestRun) -> str:
    text = _by_reason(notes(run), _ROOM_FOR_NOTES)
    return f"\n**Note**\n\n{text}" if text else ""


def _by_reason(found: dict[str, list[CaseRun]], room: int) -> str:
    items = (
        f"- {_sentence(reason)}, {counted(len(cases), 'case')}: {_cases(cases)}\n"
        for reason, cases in found.items()
    )
    return _listed(room, items, len(found), "reason")


def _stale(run: TestRun) -> str:
    found = stale(run)
    items = (f"- {_cases(cases)}\n" for cases in found.values())
    text = _listed(_ROOM_FOR_STALE, items, len(found), "prompt")
    said = f"{facts.missing(run)}, run {_command(facts.next_command(run))}"
    return f"\n**Stale**: {said}\n\n{text}" if text else ""


def _cases(cases: list[CaseRun]) -> str:
    told = [
        f"{code(facts.short(prompt))} ({escape(facts.names(found))})"
        for prompt, found in facts.by_prompt(cases).items()
    ]
    return some(told, _PROMPTS_OF_A_REASON, "prompt")


def _sections(run: TestRun, room: int) -> Iterator[str]:
    """The prompts with cases that fail or are in error, as far as they fit.

    Errors shared by several prompts have a section of their own.
    """
    repeated = facts.repeated(run)
    found: dict[frozenset[str], list[Trouble]] = {}
    for trouble in troubles(run.cases):
        found.setdefault(frozenset(case.prompt for case in trouble.runs), []).append(trouble)
    is_only = len(found) == 1
    every = (_section(trouble, repeated, is_only=is_only) for trouble in found.values())
    shown = list(within(room, every))
    yield from shown
    left_out = frozenset().union(*found).difference(*list(found)[: len(shown)])
    if left_out:
        yield f"\n{counted(len(left_out), 'more prompt')} left out: {code(facts.ALL)}\n"


def _section(found: list[Trouble], repeated: Collection[tuple[str, str]], *, is_only: bool) -> str:
    details = "<details open>" if is_only else "<details>"
    runs = [case for trouble in found for case in trouble.runs]
    title = code(facts.prompts(runs))
    cases = {(case.prompt, case.name) for case in runs if case.name}
    if cases:
        title += f": {counted(len(cases), 'case')}"
    items = []
    shown_answers: set[tuple[int, int | None]] = set()
    for each in found:
        judged = each.assertion
        key = id(each.case), judged.turn if judged is not None else None
        items.append(_trouble(each, repeated, key not in shown_answers))
        if judged is not None and judged.on != "request" and each.compared is None:
            shown_answers.add(key)
    body = _listed(_LONGEST_SECTION, items, len(found), "reason")
    return f"\n{details}<summary>{title}</summary>\n\n{body}\n</details>\n"


def _trouble(trouble: Trouble, repeated: Collection[tuple[str, str]], first: bool) -> str:
    """A problem; the answer is only shown with the `first` one about it."""
    where = _place(trouble.place)
    name = code(facts.which(trouble, repeated) or facts.case_name(trouble.runs, repeated))
    text = f"- {name}: **{trouble.status}**: {_sentence(facts.problem(trouble))} ({where})\n"
    if facts.reason(trouble):
        text += f"  - {_sentence(facts.reason(trouble))}\n"
    return text + "".join(f"\n{indented(each)}\n" for each in _blocks(trouble, first))


def _blocks(trouble: Trouble, first: bool) -> Iterator[str]:
    """The difference of the texts, or else the answer unless it was already shown."""
    judged, compared = trouble.assertion, trouble.compared
    if compared is not None and max(map(len, compared)) <= _LONGEST_TO_COMPARE:
        yield block("diff", patch_lines(*compared), _LINES_OF_A_BLOCK)
    elif first and judged and judged.on != "request" and (answer := facts.judged_answer(trouble)):
        lines = facts.answer_lines(answer)
        yield block("text", [visible(line, 1_000) for line in lines], _LINES_OF_A_BLOCK)


def _coverage(run: TestRun) -> str:
    rows = run.coverage
    if not rows:
        return ""
    room = _ROOM_FOR_COVERAGE // 2
    table = _listed(room, map(_covered, rows), len(rows), "prompt")
    branches = [_branch(branch) for row in rows for branch in row.uncovered]
    items = _listed(room, branches, len(branches), "place")
    details = "<details open>" if run.undercovered else "<details>"
    title = f"Coverage: {escape(facts.covered(run.branches))}"
    body = f"{_COVERED}{table}\n{items}"
    return f"\n{details}<summary>{title}</summary>\n\n{body}\n</details>\n"


def _covered(row: CoverageRow) -> str:
    share = facts.share(row.covered, row.total)
    return f"| {code(facts.short(row.prompt))} | {row.covered} of {row.total} | {share} |\n"


def _branch(branch: Uncovered) -> str:
    return f"- {_place(branch.place)}: {_sentence(branch.message)}\n"


def _place(place: Place) -> str:
    return code(facts.short(f"{place.path}:{place.line}:{place.column}"))


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))


def _listed(room: int, items: Iterable[str], number: int, noun: str) -> str:
    """The items that fit, and the number of the others."""
    shown = list(within(room, items))
    return "".join(shown) + more(number - len(shown), noun, facts.ALL)


# For GitHub Actions: workflow commands that become annotations of the pull request.
#
# GitHub shows ten errors and ten notices of a step, so problems shared by many cases are shown
# once.

_KINDS = {"fail": "error", "inconclusive": "warning"}


def write_github(run: TestRun, **_: object) -> str:
    """One command per line: for problems, and for branches that no case covers."""
    return "".join([*_errors(run), *_remarks(run)])


def _errors(run: TestRun) -> Iterator[str]:
    repeated = facts.repeated(run)
    for each in troubles(run.cases):
        message = "\n".join(filter(None, [facts.problem(each), facts.reason(each)]))
        yield annotation("error", each.place, facts.affected_runs(each, repeated), message)

    command = facts.next_command(run)
    for reason, cases in outages(run).items():
        lines = [visible(reason), _github_cases(cases), f"next: {command}" if command else ""]
        message = "\n".join(filter(None, lines))
        yield annotation("error", None, facts.unanswered(cases), message)
    every = [case for cases in stale(run).values() for case in cases]
    if every:
        message = f"{facts.missing(run)}, run {command}\n{_github_cases(every)}"
        yield annotation("error", every[0].place, "stale", message)


def _remarks(run: TestRun) -> Iterator[str]:
    """Scores, notes, and branches that no case covers."""
    for each in run.decided:
        if each.verdict in _KINDS:
            title = f"{facts.short(each.prompt)}: {facts.short(each.score)}"
            kind = _KINDS[each.verdict] if each.gates else "notice"
            yield annotation(kind, None, title, _decided(each))
    for reason, cases in notes(run).items():
        message = f"{visible(reason)}\n{_github_cases(cases)}"
        kind = note_kind(cases)
        yield annotation(
            "warning" if kind == "warning" else "notice", cases[0].place, kind, message
        )
    if run.undercovered:
        yield annotation("error", None, "coverage", facts.undercovered(run))
    for row in run.coverage:
        for branch in row.uncovered:
            title = f"{facts.short(row.prompt)}: not covered"
            yield annotation("notice", branch.place, title, visible(branch.message))


def _github_cases(cases: list[CaseRun]) -> str:
    prompts = facts.by_prompt(cases).items()
    return "\n".join(f"{facts.short(prompt)}: {facts.names(found)}" for prompt, found in prompts)


def _decided(decided: Decided) -> str:
    worst = [f"{facts.short(each.name)}: {facts.lost(each)}" for each in facts.worst(decided)]
    lines = [
        f"{facts.score_verdict(decided)}: {visible(decided.plain)}",
        facts.proved(decided),
        *worst,
    ]
    return "\n".join(filter(None, lines))


# For CI servers that show test results: JUnit XML that is valid for Jenkins' schema.
#
#     testsuites  name tests failures errors time
#       testsuite  name tests failures errors skipped
#         testcase  classname name time?
#           failure?  message type     of type assertion, score (it is worse) or coverage
#           error?    message type     of type error, infrastructure or stale
#           skipped?  message          nothing could be scored, or a score is inconclusive
#           system-out?                the answer, where the case does not pass
#
# A suite is a prompt; a test case is a case and repeat, or a score. Too little coverage is a test
# case, too. A run without cases is one skipped test case, because some readers reject an empty
# report. If the run fails although all test cases pass, the verdict is added as a failed one.

Outcome = Literal["passed", "failure", "error", "skipped"]

_NAME = "promptops test"
_LONGEST_ANSWER = 4_000
_BROKEN = ("failure", "error")
_JUNIT_SCORES: dict[Verdict, Outcome] = {
    "pass": "passed",
    "fail": "failure",
    "inconclusive": "skipped",
}


def write_junit(run: TestRun, **_: object) -> str:
    """One XML document."""
    time = f"{run.duration_s:.3f}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{attributes(name=_NAME, **totals(counts(run)), time=time)}>",
        *suites(run),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def counts(run: TestRun) -> dict[str, int]:
    """The attributes of all suites: counts and time."""
    return _counts(test for tests in _suites(run).values() for test in tests)


def suites(run: TestRun) -> Iterator[str]:
    """The lines of each suite."""
    for name, tests in _suites(run).items():
        shown = facts.short(name)
        yield f"  <testsuite{attributes(name=shown, **_counts(tests))}>"
        for test in tests:
            yield from _written(shown, test)
        yield "  </testsuite>"


@record(frozen=True, slots=True)
class _Test:
    """A test case in JUnit terms.

    Attributes:
        kind: The type of a failure or an error.
        message: One line, safe to print, as are the lines of the body.
        answer: The answer to show with it.
    """

    name: str
    outcome: Outcome
    kind: str = field(kw_only=True)
    message: str = field(kw_only=True)
    body: tuple[str, ...] = field(default=(), kw_only=True)
    time: str = field(default="", kw_only=True)
    answer: Answer | None = field(default=None, kw_only=True)


def _suites(run: TestRun) -> dict[str, list[_Test]]:
    repeated = facts.repeated(run)
    differences = Differences(plain)
    suites: dict[str, list[_Test]] = {}
    for case in run.cases:
        suites.setdefault(case.prompt, []).append(_case(case, repeated, differences))
    for decided in run.decided:
        suites.setdefault(decided.prompt, []).append(_junit_score(decided, differences))
    if run.undercovered:
        coverage = _Test("coverage", "failure", kind="coverage", message=facts.undercovered(run))
        suites.setdefault(_NAME, []).append(coverage)
    every = [test for tests in suites.values() for test in tests]
    if run.verdict == "fail" and not any(test.outcome in _BROKEN for test in every):
        verdict = _Test("verdict", "failure", kind="verdict", message=facts.verdict(run))
        suites.setdefault(_NAME, []).append(verdict)
    nothing = _Test("nothing to test", "skipped", kind="", message=facts.counts(run))
    return suites or {_NAME: [nothing]}


def _case(case: CaseRun, repeated: Collection[tuple[str, str]], differences: Differences) -> _Test:
    outcome, kind = _outcome(case)
    found = troubles((case,))
    message = "; ".join(dict.fromkeys(map(facts.problem, found)))
    latency = case.answer.latency_s if case.answer else None
    return _Test(
        facts.case_name((case,), repeated),
        outcome,
        kind=kind,
        message=message or visible(case.reason) or ("nothing could be scored" if kind else ""),
        body=tuple(line for each in found for line in _lines(each, differences)),
        time="" if latency is None else f"{latency:.3f}",
        answer=next(map(facts.judged_answer, found), case.answer) if outcome in _BROKEN else None,
    )


def _outcome(case: CaseRun) -> tuple[Outcome, str]:
    if case.status == "failed":
        return "failure", "assertion"
    if case.status == "stale":
        return "error", "stale"
    if case.status == "error":
        return "error", "infrastructure" if case.infrastructure else "error"
    statuses = {assertion.status for assertion in case.assertions}
    return ("skipped", "skipped") if statuses == {"skipped"} else ("passed", "")


def _lines(trouble: Trouble, differences: Differences) -> Iterator[str]:
    yield f"{visible_path(str(trouble.place))}: {facts.problem(trouble)}"
    yield from _details(trouble, differences)


def _junit_score(decided: Decided, differences: Differences) -> _Test:
    outcome = _JUNIT_SCORES[decided.verdict] if decided.gates else "passed"
    message = visible(decided.line)
    body = tuple(facts.lines(decided, differences))
    name = f"score {facts.short(decided.score)}"
    return _Test(name, outcome, kind="score", message=message, body=body)


def _counts(tests: Iterable[_Test]) -> dict[str, int]:
    outcomes = Counter(test.outcome for test in tests)
    return {
        "tests": outcomes.total(),
        "failures": outcomes["failure"],
        "errors": outcomes["error"],
        "skipped": outcomes["skipped"],
    }


def _written(prompt: str, test: _Test) -> Iterator[str]:
    time = {"time": test.time} if test.time else {}
    tag = f"    <testcase{attributes(classname=prompt, name=test.name, **time)}"
    if test.outcome == "passed":
        yield f"{tag}/>"
        return
    kind = {} if test.outcome == "skipped" else {"type": test.kind}
    body = xml_text("\n".join(test.body))
    outcome = f"{test.outcome}{attributes(message=test.message, **kind)}"
    yield f"{tag}>"
    yield f"      <{outcome}>{body}</{test.outcome}>" if body else f"      <{outcome}/>"
    if test.answer is not None:
        yield f"      <system-out>{xml_text(_shown(test.answer))}</system-out>"
    yield "    </testcase>"


def _shown(answer: Answer) -> str:
    text = answer.text[:_LONGEST_ANSWER]
    left_out = len(answer.text) - len(text)
    lines = [visible_line(line) for line in text.split("\n")] if text else []
    lines += [f"… ({left_out:,} more characters)"] if left_out else []
    lines += [f"call {facts.call(call)}" for call in answer.tool_calls]
    return "\n".join(lines)


# For `promptops test --merge-shards`: the answers of a shard; see `schemas/shard.schema.json`.


def write_jsonl(run: TestRun, **_: object) -> str:
    """A header line that identifies the shard, then a line for each answer."""
    return shard_text(run.shard) if run.shard is not None else ""
