"""For the comment on a pull request: the verdict first, then each prompt, folded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from promptops.model.test_run import CaseRun, CoverageRow, Decided, TestRun, Worse
from promptops.plurals import counted, some
from promptops.report.document.markdown import LIMIT
from promptops.report.parts.markdown_text import (
    block,
    code,
    escape,
    fitting,
    indented,
    sentence,
    within,
)
from promptops.report.parts.patch import patch_lines
from promptops.report.parts.visible import visible
from promptops.report.test import facts, scores
from promptops.report.test.troubles import Trouble, notes, outages, stale, troubles

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


def write(run: TestRun, **_: object) -> str:
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
    advice = facts.advice(run)
    return f"{head}\nNext: {_command(advice)}\n" if advice and not facts.missing(run) else head


def _command(advice: str) -> str:
    return code(visible(advice, _LONGEST_SENTENCE))


def _scores(run: TestRun) -> str:
    rows = _listed(_ROOM_FOR_SCORES, map(_score, run.decided), len(run.decided), "score")
    against = f" against {code(facts.short(run.baseline))}" if run.baseline else ""
    return f"\n**Scores**{against}\n\n{_SCORES}{rows}{_figures(run)}" if rows else ""


def _figures(run: TestRun) -> str:
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
        f"- judge {code(facts.short(j.judge))}: {scores.plain_agreement(j)}\n" for j in run.judges
    )
    found = "".join(_listed(_ROOM_FOR_SCORES, lines, len(run.judges), "judge"))
    return f"\n{found}" if found else ""


def _score(decided: Decided) -> str:
    proved = scores.proved(decided)
    cells = [
        code(facts.short(decided.prompt)),
        escape(facts.short(decided.score)),
        f"**{decided.verdict}**"
        if decided.verdict == "fail" and decided.gates
        else scores.verdict(decided),
        "<br>".join(map(_sentence, filter(None, [decided.plain, proved]))),
    ]
    return f"| {' | '.join(cells)} |\n"


def _worst(decided: tuple[Decided, ...]) -> str:
    found = [each for each in decided if scores.worst(each)]
    return _listed(_ROOM_FOR_WORST, map(_lost, found), len(found), "score")


def _lost(decided: Decided) -> str:
    what = f"{code(facts.short(decided.prompt))} {escape(facts.short(decided.score))}"
    worst = scores.worst(decided)
    items = _listed(_ROOM_FOR_WORST // 2, map(worst_case, worst), len(worst), "case")
    return f"\n<details><summary>{what}: the worst cases</summary>\n\n{items}\n</details>\n"


def worst_case(worse: Worse, too_long: str = scores.LONG) -> str:
    """The item of a case that lost, with the difference of its answers."""
    item = f"- {code(facts.short(worse.name))}: {scores.lost(worse)}"
    answers = scores.answers(worse)
    if answers[0] == answers[1]:
        return f"{item}, {scores.SAME}\n"
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
    said = f"{facts.missing(run)}, run {_command(facts.advice(run))}"
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
    items = [_trouble(each, repeated, first) for each, first in _with_first(found)]
    body = _listed(_LONGEST_SECTION, items, len(found), "reason")
    return f"\n{details}<summary>{title}</summary>\n\n{body}\n</details>\n"


def _with_first(found: list[Trouble]) -> Iterator[tuple[Trouble, bool]]:
    """Each problem, and whether it is the first about its answer, which is shown once."""
    spoken_of: set[int] = set()
    for trouble in found:
        yield trouble, id(trouble.case) not in spoken_of
        judged = trouble.assertion
        if judged is not None and judged.on == "answer" and trouble.compared is None:
            spoken_of.add(id(trouble.case))


def _trouble(trouble: Trouble, repeated: Collection[tuple[str, str]], first: bool) -> str:
    place = trouble.place
    where = code(facts.short(f"{place.path}:{place.line}:{place.column}"))
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
    elif first and judged and judged.on == "answer" and trouble.case.answer is not None:
        lines = facts.answer_lines(trouble.case.answer)
        yield block("text", [visible(line, 1_000) for line in lines], _LINES_OF_A_BLOCK)


def _coverage(run: TestRun) -> str:
    rows = run.coverage
    if not rows:
        return ""
    room = _ROOM_FOR_COVERAGE // 2
    table = _listed(room, map(_covered, rows), len(rows), "prompt")
    branches = [f"- {_branch(row, index)}\n" for row in rows for index in range(len(row.uncovered))]
    items = _listed(room, branches, len(branches), "place")
    details = "<details open>" if run.undercovered else "<details>"
    title = f"Coverage: {escape(facts.covered(run.branches))}"
    body = f"{_COVERED}{table}\n{items}"
    return f"\n{details}<summary>{title}</summary>\n\n{body}\n</details>\n"


def _covered(row: CoverageRow) -> str:
    share = facts.share(row.covered, row.total)
    return f"| {code(facts.short(row.prompt))} | {row.covered} of {row.total} | {share} |\n"


def _branch(row: CoverageRow, index: int) -> str:
    branch = row.uncovered[index]
    place = branch.place
    where = code(facts.short(f"{place.path}:{place.line}:{place.column}"))
    return f"{where}: {_sentence(branch.message)}"


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))


def _listed(room: int, items: Iterable[str], number: int, noun: str) -> str:
    """The items that fit, and the number of the others."""
    shown = list(within(room, items))
    left_out = number - len(shown)
    more = f"\n{counted(left_out, f'more {noun}')}: {code(facts.ALL)}\n" if left_out else ""
    return "".join(shown) + more
