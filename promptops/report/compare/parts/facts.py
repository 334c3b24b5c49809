"""The wording of a comparison in all formats, without any markup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from promptops.evals.deciding.decision import in_points
from promptops.evals.deciding.recommending import cost_change, score_of
from promptops.model.arm import (
    ArmComparison,
    ArmResult,
    Latency,
    PromptComparison,
    TokenMeans,
)
from promptops.model.test_run import Decided, Worse
from promptops.plurals import counted, some
from promptops.report.parts.ended_early import ended_early
from promptops.report.parts.visible import visible
from promptops.report.test.parts.facts import cost, short
from promptops.report.test.parts.problem_lines import problem_lines

ALL = "--format json=FILE"
"""The option with which the same run would show all of it: another run may call a model."""
LONG = f"too long to compare here: {ALL}"
UNKNOWN = "?"
NONE = "-"
NO_MEASURES = "no measures: compared by contracts alone"

_NAMES_SHOWN = 3
_WORST_SHOWN = 5


def summary(comparison: ArmComparison) -> str:
    """The last line: `1 of 2 arms is fit: cheap · 3 prompts, 120 cases · $0.014`."""
    if not comparison.prompts:
        return f"nothing to compare{_because(comparison.nothing)}"
    parts = [_fit(comparison), _counts(comparison), cost(comparison.cost_usd)]
    parts.append(left_out(comparison))
    return " · ".join(filter(None, parts))


def _because(reason: str) -> str:
    return f", {visible(reason)}" if reason else ""


def _fit(comparison: ArmComparison) -> str:
    arms = comparison.share
    fit = comparison.fit
    number = str(len(fit)) if fit else "none"
    count = f"{number} of {counted(arms, 'arm')} {'is' if len(fit) < 2 else 'are'} fit"
    return f"{count}: {names(fit)}" if fit else count


def _counts(comparison: ArmComparison) -> str:
    cases = sum(len(prompt.cases) for prompt in comparison.prompts)
    return f"{counted(len(comparison.prompts), 'prompt')}, {counted(cases, 'case')}"


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
    """What is compared of a prompt: `quality, margin 3 points`."""
    if not prompt.score:
        return NO_MEASURES
    return f"{short(prompt.score)}, margin {100 * prompt.margin:.3g} points"


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
    """The kept contracts: `198 of 200`."""
    return f"{arm.contracts.kept:,} of {arm.contracts.of:,}" if arm.contracts.of else NONE


def cost_1000(usd: float | None) -> str:
    """The cost of 1,000 requests: three digits, `?` without a price."""
    if usd is None:
        return UNKNOWN
    return f"{usd:,.0f}" if usd >= 1000 else f"{usd:.3g}"


def ratio(arm: ArmResult) -> str:
    """The cost relative to the reference: `40% less [35, 45]`."""
    return "" if arm.cost_ratio is None else cost_change(arm.cost_ratio)


def tokens(means: TokenMeans | None) -> str:
    """Mean tokens of the request and the answer: `412→38`."""
    return NONE if means is None else f"{means.input:,.0f}→{means.output:,.0f}"


def latency(found: Latency | None) -> str:
    """Median and 95th percentile with its bounds: `0.8/2.1 s [1.8, -]`."""
    if found is None:
        return NONE
    bounds = f"[{seconds(found.low)}, {seconds(found.high)}]"
    return f"{seconds(found.p50)}/{seconds(found.p95)} s {bounds}"


def seconds(number: float | None) -> str:
    """Two digits; `-` without a number."""
    if number is None:
        return NONE
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def remarks(arm: ArmResult) -> Iterator[str]:
    """What is to know of an arm besides its row, each a sentence without the name of the arm."""
    if arm.same_requests:
        yield "sends the same requests as the reference"
    lacks = " and ".join(filter(None, (_missing(arm), visible(arm.note))))
    if lacks:
        yield lacks if arm.verdict == "reference" else f"open: {lacks}"
    if arm.contracts.lost:
        lost = counted(len(arm.contracts.lost), "case")
        yield f"violates a contract in {lost}: {names(arm.contracts.lost)}"
    if arm.unpaired:
        unpaired = counted(len(arm.unpaired), "case")
        yield f"does not accept the inputs of {unpaired}: {names(arm.unpaired)}"
    if arm.needs and _needs_answers(arm):
        yield visible(arm.needs)


def _needs_answers(arm: ArmResult) -> bool:
    """Whether more answers would decide; an arm that violates a contract gets no further ones."""
    return arm.verdict == "open" and arm.complete and not arm.contracts.lost


def _missing(arm: ArmResult) -> str:
    """The number of missing answers, unless each is reported as an error."""
    failed = sum(case.infrastructure for case in arm.problems)
    return f"{counted(arm.stale, 'answer')} missing" if arm.stale > failed else ""


def problems(arm: ArmResult) -> Iterator[str]:
    """The reasons why cases have no judged answer, each once with its cases, at the first one."""
    return problem_lines(arm.problems)


def shows_worst(arm: ArmResult) -> tuple[Worse, ...]:
    """The five worst cases of an arm that is worse or open."""
    if arm.decided is None or arm.verdict not in ("worse", "open"):
        return ()
    return arm.decided.worst[:_WORST_SHOWN]


def other(decided: Decided) -> str:
    """The decision on another score, which does not count."""
    return f"{short(decided.score)} (not counted): {visible(decided.plain)}"


def advice(comparison: ArmComparison) -> str:
    """The next command, or ""."""
    return visible(comparison.advice)


def ended(comparison: ArmComparison) -> str:
    """Why the run ended early, with the number of requests that were not sent; or ""."""
    return ended_early(comparison.ended, comparison.unasked)


def required(comparison: ArmComparison) -> str:
    """That the required arm is not fit, or ""."""
    if not comparison.required or comparison.required in comparison.fit:
        return ""
    return f"`{short(comparison.required)}` is required and is not fit"


def recommendation(comparison: ArmComparison) -> str:
    """The sentence, safe to print, with code in backticks; or ""."""
    found = comparison.recommendation
    return visible(found.sentence) if found else ""
