"""A comparison of arms in words: for a terminal and a comment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from promptops.evals.deciding.decision import Needs, in_points, what_it_takes
from promptops.evals.deciding.recommending import cost_change, score_of, whole_percent
from promptops.model.arm import (
    ArmComparison,
    ArmResult,
    ArmVerdict,
    ContractDecision,
    Latency,
    PromptComparison,
    Recommendation,
)
from promptops.model.report import Style, plain
from promptops.model.test_run import Decided, Worse
from promptops.plurals import counted, some
from promptops.report.document import (
    LIMIT,
    Cell,
    Column,
    Controls,
    Document,
    Fact,
    Level,
    Remark,
    Row,
    Table,
    ended_early,
    last_lines,
    more,
    opening,
    table_lines,
    table_text,
)
from promptops.report.markdown_text import code, fitting, shown_sentence
from promptops.report.test import facts as scores
from promptops.report.test.facts import (
    NONE,
    Differences,
    cost,
    cost_1000,
    problem_lines,
    seconds,
    short,
    tokens,
)
from promptops.report.test.report import worst_case
from promptops.report.visible import visible, visible_line, visible_path

ALL = "--format json=FILE"
"""The option with which the same run would show all of it: another run may call a model."""
LONG = f"too long to compare here: {ALL}"
NO_MEASURES = "no measures: compared by contracts alone"

VERDICTS: dict[ArmVerdict, Level] = {
    "reference": "note",
    "not worse": "info",
    "better": "info",
    "worse": "error",
    "open": "warning",
}
_COLUMNS = (
    Column("verdict", number=False),
    *map(Column, ("score", "difference", "contracts", "$/1,000", "tokens")),
    Column("p50/p95", heading="p50/p95"),
)
_NAMES_SHOWN = 3
_WORST_SHOWN = 5


def document(comparison: ArmComparison) -> Document:
    """What all formats say about the whole comparison."""
    found = comparison.recommendation
    prompts = comparison.prompts
    return Document(
        command="compare",
        label="Compare",
        summary=visible_line(summary(comparison)),
        title=_headline(found) if prompts else "Nothing to compare",
        lead=recommendation(comparison) if prompts else visible(comparison.nothing),
        facts=tuple(_figures(comparison)) if prompts else (),
        remarks=(
            Remark(recommendation(comparison), label="recommendation", on_page=False),
            Remark(required(comparison), "error"),
            ended_early(comparison.ended, comparison.unasked),
        ),
        next=visible(comparison.next),
        parts="prompts" if prompts else "",
        controls=Controls(
            "differences-only",
            "Differences only",
            "d",
            "cases",
            "cases",
            "case",
            "only cases in which arms differ, or all",
        ),
    )


def _headline(found: Recommendation | None) -> str:
    if found and found.arm is not None:
        return f"Recommended: `{short(found.arm)}`"
    if found and found.cheaper:
        return f"Cheaper: `{short(found.cheaper)}`; too little to say that it is as good"
    return "No recommendation"


def _figures(comparison: ArmComparison) -> Iterator[Fact]:
    prompts = comparison.prompts
    yield Fact("Fit", f"{len(comparison.fit)}", f"of {counted(comparison.share, 'arm')}")
    if len(prompts) > 1:
        yield Fact("Prompts", f"{len(prompts):,}")
    yield Fact("Cases", f"{sum(len(prompt.cases) for prompt in prompts):,}")
    answered = sum(arm.answered for prompt in prompts for arm in prompt.arms)
    yield Fact("Answers", f"{answered:,}")
    if comparison.left_out:
        yield Fact("Left out", f"{len(comparison.left_out):,}", "no assertion on the answer")
    if comparison.stale:
        yield Fact("Missing", f"{comparison.stale:,}")
    if cost(comparison.cost_usd):
        yield Fact("Cost of this run", cost(comparison.cost_usd))
    if comparison.commit:
        yield Fact("Commit", visible(comparison.commit[:12]))


def arms(prompt: PromptComparison) -> Table:
    """A row for each arm."""
    rows = tuple(_arm(arm, prompt) for arm in prompt.arms)
    return Table(unit="arm", columns=_COLUMNS, rows=rows)


def _arm(arm: ArmResult, prompt: PromptComparison) -> Row:
    model = short(arm.model) if arm.model != arm.name else ""
    cells = (
        Cell(arm.verdict, VERDICTS[arm.verdict]),
        Cell(score(arm, prompt)),
        Cell(difference(arm)),
        Cell(contracts(arm)),
        Cell(cost_1000(arm.cost_usd_1000), of=ratio(arm)),
        Cell(tokens(arm.tokens)),
        Cell(latency(arm.latency_s)),
    )
    notes = tuple(filter(None, (model, settings(arm, prompt))))
    return Row(name=visible_path(short(arm.name)), cells=cells, notes=notes)


def summary(comparison: ArmComparison) -> str:
    """The last line: `1 of 2 arms is fit: cheap · 3 prompts, 120 cases · $0.014`."""
    if not comparison.prompts:
        why = f", {visible(comparison.nothing)}" if comparison.nothing else ""
        return f"nothing to compare{why}"
    fit = comparison.fit
    verb = "is" if len(fit) < 2 else "are"
    found = f"{len(fit) or 'none'} of {counted(comparison.share, 'arm')} {verb} fit"
    cases = sum(len(prompt.cases) for prompt in comparison.prompts)
    parts = [
        f"{found}: {names(fit)}" if fit else found,
        f"{counted(len(comparison.prompts), 'prompt')}, {counted(cases, 'case')}",
        cost(comparison.cost_usd),
        left_out(comparison),
    ]
    return " · ".join(filter(None, parts))


def left_out(comparison: ArmComparison) -> str:
    """How many selected prompts were not compared, and why; or ""."""
    if not comparison.left_out:
        return ""
    prompts = counted(len(comparison.left_out), "prompt")
    return f"{prompts} left out: no assertion on the answer"


def names(every: Iterable[str]) -> str:
    """Some names, and the number of the others."""
    return some([short(each) for each in every], _NAMES_SHOWN)


def title(prompt: PromptComparison) -> str:
    """What is compared of a prompt: `quality, margin 3 points; contracts, margin 5 points`."""
    contracts = f"margin {100 * prompt.contract_margin:.3g} points"
    if not prompt.score:
        return f"{NO_MEASURES}, {contracts}"
    score = f"{short(prompt.score)}, margin {100 * prompt.margin:.3g} points"
    has_contracts = any(arm.contracts.of for arm in prompt.arms)
    return f"{score}; contracts, {contracts}" if has_contracts else score


def settings(arm: ArmResult, prompt: PromptComparison) -> str:
    """The parameters that differ between the arms: `temperature 0.9`; or ""."""
    every = dict.fromkeys(name for each in prompt.arms for name in each.params)
    differing = [
        name
        for name in every
        if any(each.params.get(name) != arm.params.get(name) for each in prompt.arms)
    ]
    shown = (f"{name} {_value(arm.params[name])}" for name in differing if name in arm.params)
    return ", ".join(shown)


def _value(value: object) -> str:
    return short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


_ENDS = {
    "length": "cut at the limit",
    "content_filter": "blocked by the content filter",
    "tool_calls": "calls tools",
}


def end(finish_reason: str) -> str:
    """How an answer ended, or "" for the usual way."""
    return "" if finish_reason == "stop" else _ENDS.get(finish_reason, short(finish_reason))


def score(arm: ArmResult, prompt: PromptComparison) -> str:
    """The score in points, on the cases shared with the reference: `91.2`."""
    if not prompt.score:
        return ""
    found = score_of(arm, prompt)
    return NONE if found is None else f"{100 * found:.1f}"


def difference(arm: ArmResult) -> str:
    """The difference of the scores in points: `-0.6 [-2.4, 1.2]`."""
    if arm.difference is None:
        return ""
    return in_points(arm.difference.value, arm.difference.low, arm.difference.high)


def contracts(arm: ArmResult) -> str:
    """The cases in which every answer keeps all, and the verdict: `198 of 200, fit`."""
    if not arm.contracts.of:
        return NONE
    verdict = arm.contract_decision.verdict if arm.contract_decision and arm.complete else ""
    return ", ".join(filter(None, (f"{arm.contracts.kept:,} of {arm.contracts.of:,}", verdict)))


def ratio(arm: ArmResult) -> str:
    """The cost relative to the reference: `40% less [35, 45]`."""
    return "" if arm.cost_ratio is None else cost_change(arm.cost_ratio)


def latency(found: Latency | None) -> str:
    """Median and 95th percentile with its bounds: `0.8/2.1 s [1.8, -]`."""
    if found is None:
        return NONE
    bounds = f"[{seconds(found.low)}, {seconds(found.high)}]"
    return f"{seconds(found.p50)}/{seconds(found.p95)} s {bounds}"


def remarks(arm: ArmResult) -> Iterator[str]:
    """What is to know of an arm besides its row, each a sentence without the name of the arm."""
    if arm.same_requests:
        yield "sends the same requests as the reference"
    lacks = " and ".join(filter(None, (_missing(arm), visible(arm.note))))
    if lacks:
        yield lacks if arm.verdict == "reference" else f"open: {lacks}"
    if arm.contract_decision and arm.complete:
        yield from _contract_remarks(arm.contract_decision, is_open=arm.verdict == "open")
    if arm.unpaired:
        unpaired = counted(len(arm.unpaired), "case")
        yield f"does not accept the inputs of {unpaired}: {names(arm.unpaired)}"
    # What the contracts alone need is in their own sentence.
    is_score_open = arm.decided is not None and arm.decided.verdict == "inconclusive"
    if arm.verdict == "open" and arm.complete and arm.needs and is_score_open:
        yield visible(arm.needs)


def _contract_remarks(decision: ContractDecision, *, is_open: bool) -> Iterator[str]:
    """`contracts: fit: 1 of 100 cases lost, up to 5% could break unseen`, and the broken cases.

    What would decide is reported only while the arm `is_open`.
    """
    found = f"up to {whole_percent(decision.unseen)}% could break unseen"
    if decision.verdict == "worse":
        change = decision.difference
        points = in_points(change.value, change.low, change.high, unit=" points")
        found = f"kept less often: {points}"
    found = f"{_lost_and_won(decision)}, {found}"
    needs = _contract_needs(decision) if is_open else ""
    yield f"contracts: {decision.verdict}: {found}{f'; {needs}' if needs else ''}"
    if decision.never:
        cases = counted(len(decision.never), "case")
        answers = f"{counted(decision.repeats, 'answer')} each"
        broken = f"breaks {cases} that the reference always keeps, in every answer ({answers})"
        yield f"{broken}: {names(decision.never)}"


def _lost_and_won(decision: ContractDecision) -> str:
    cases = counted(decision.cases, "case")
    sources = f" of {counted(decision.sources, 'source')}"
    of = f"{cases}{sources if decision.sources < decision.cases else ''}"
    return f"{len(decision.lost)} of {of} lost" + (f", {decision.won} won" if decision.won else "")


def _contract_needs(decision: ContractDecision) -> str:
    noun = "source" if decision.sources < decision.cases else "case"
    if decision.repeats_needed is not None:
        return what_it_takes(Needs(repeats=decision.repeats_needed))
    if decision.cases_needed is None:
        return ""
    if decision.lost:
        return what_it_takes(Needs(cases=decision.cases_needed), noun)
    margin = f"{100 * decision.margin:.3g}%"
    return f"{counted(decision.cases_needed, noun)} would exclude {margin}"


def _missing(arm: ArmResult) -> str:
    """The number of missing answers, unless each is reported as an error."""
    failed = sum(case.infrastructure for case in arm.problems)
    return f"{counted(arm.stale, 'answer')} missing" if arm.stale > failed else ""


def shows_worst(arm: ArmResult) -> tuple[Worse, ...]:
    """The five worst cases of an arm whose score is worse or open."""
    if arm.decided is None or arm.decided.verdict == "pass":
        return ()
    return arm.decided.worst[:_WORST_SHOWN]


def other(decided: Decided) -> str:
    """The decision on another score, which does not count."""
    return f"{short(decided.score)} (not counted): {visible(decided.plain)}"


def required(comparison: ArmComparison) -> str:
    """That the required arm is not fit, or ""."""
    if not comparison.required or comparison.required in comparison.fit:
        return ""
    return f"`{short(comparison.required)}` is required and is not fit"


def recommendation(comparison: ArmComparison) -> str:
    """The sentence, safe to print, with code in backticks; or ""."""
    found = comparison.recommendation
    return visible(found.sentence) if found else ""


# For a person at a terminal: a table for each prompt, the recommendation, then a summary line.


def write_text(
    comparison: ArmComparison, *, style: Style = plain, figures: bool = False, **_: object
) -> str:
    """The whole text.

    Args:
        figures: Also show the statistics of each decision.
    """
    lines = _ComparisonWriter(comparison, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _ComparisonWriter:
    def __init__(self, comparison: ArmComparison, style: Style, *, figures: bool) -> None:
        self._comparison = comparison
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        for prompt in self._comparison.prompts:
            yield from self._prompt(prompt)
            yield ""
        yield from last_lines(document(self._comparison), self._style)

    def _prompt(self, prompt: PromptComparison) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        yield f"{name} {title(prompt)}"
        yield from (f"  {line}" for line in table_lines(arms(prompt), self._style))
        for arm in prompt.arms:
            yield from self._arm(arm)

    def _arm(self, arm: ArmResult) -> Iterator[str]:
        name = self._style("code", visible_path(short(arm.name)))
        if arm.decided and self._figures:
            yield f"  {name}: {visible(arm.decided.line)}"
        for remark in (*remarks(arm), *map(other, arm.others)):
            yield f"  {name}: {remark}"
        for problem in problem_lines(arm.problems):
            yield f"  {name}: {self._style('error', 'error')}: {problem}"
        if shows_worst(arm):
            legend = self._differences.legend("reference", short(arm.name))
            yield f"  {name}: worst cases, {legend}:"
        for worse in shows_worst(arm):
            lines = scores.case_lines(worse, self._differences, LONG)
            yield from (f"  {line}".rstrip() for line in lines)


# For a comment on a pull request or an issue: the recommendation, then a table for each prompt.

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_WORST = 20_000


def write_markdown(comparison: ArmComparison, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = opening(document(comparison))
    room = LIMIT - _RESERVED - len(head)
    tables = list(fitting(room, map(_table, comparison.prompts)))
    room -= sum(map(len, tables))
    rest = more(len(comparison.prompts) - len(tables), "prompt", ALL)
    losing = (
        _worst_of(prompt, arm)
        for prompt in comparison.prompts
        for arm in prompt.arms
        if shows_worst(arm)
    )
    worst = fitting(min(room, _ROOM_FOR_WORST), losing)
    return "".join([head, *tables, rest, *worst])


def _table(prompt: PromptComparison) -> str:
    table = table_text(arms(prompt), LIMIT, ALL)
    heading = f"{code(short(prompt.prompt))} {shown_sentence(title(prompt))}"
    return f"\n**{heading}**\n\n{table}{_remarks(prompt)}"


def _remarks(prompt: PromptComparison) -> str:
    lines = [
        f"- {code(short(arm.name))}: {shown_sentence(remark)}\n"
        for arm in prompt.arms
        for remark in (*remarks(arm), *map(other, arm.others), *problem_lines(arm.problems))
    ]
    return f"\n{''.join(lines)}" if lines else ""


def _worst_of(prompt: PromptComparison, arm: ArmResult) -> str:
    what = f"{code(short(prompt.prompt))}, {code(short(arm.name))}"
    items = "".join(worst_case(worse, LONG) for worse in shows_worst(arm))
    return f"\n<details><summary>{what}: the worst cases</summary>\n\n{items}\n</details>\n"
