"""The wording of attacks in all formats, without any markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptops.model.place import Place
from promptops.model.probe import (
    AttackRate,
    BiasDirection,
    BiasResult,
    FamilyRate,
    ProbedCase,
    ProbeRun,
    PromptProbes,
    SkippedProbe,
)
from promptops.plurals import counted, some
from promptops.report.document.blocks import Controls, Document, Fact, Level, Remark, ended_early
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test.facts import cost, short

ALL = "--format json=FILE"
"""The option with which the same run would show all of it: another run may call a model."""
BIAS = "bias"

_NAMED = 3
LEVELS: dict[str, Level] = {
    "pass": "info",
    "fail": "error",
    "inconclusive": "warning",
    "incomplete": "warning",
}
_LEGEND = (
    "Each cell shows how many attacks of a family on an input succeeded. Intervals have 95% and"
    " allow for the fact that attacks of one family succeed or fail together. Requests and answers"
    " are shown as text: hidden characters as escapes, markup never live."
)


def document(run: ProbeRun) -> Document:
    """What all formats say about the whole run."""
    word = verdict(run)
    return Document(
        command="probe",
        label="Probe",
        summary=summary(run),
        verdict=None if run.nothing else (word, LEVELS[word]),
        title="Nothing is attacked" if run.nothing else outcome(run),
        lead=visible(run.nothing),
        facts=() if run.nothing else tuple(_figures(run)),
        remarks=(
            ended_early(run.ended, run.unasked),
            Remark(missing(run), "warning", "stale"),
        ),
        next=advice(run),
        parts="prompts" if run.prompts else "",
        controls=Controls(
            "accepted-too",
            "Without accepted ones",
            "d",
            "attacks",
            "attacks",
            "attack",
            "without accepted attacks, or all",
        ),
        legend=(_LEGEND,),
    )


def _figures(run: ProbeRun) -> Iterator[Fact]:
    yield Fact("Successful attacks", f"{run.rate.succeeded:,}", f"of {run.rate.n:,}")
    yield Fact("Rate, 95% interval", interval(run.rate) or "-")
    yield Fact("Prompts", f"{len(run.prompts):,}")
    if not_judged(run):
        yield Fact("Not judged", f"{not_judged(run):,}")
    yield Fact("Probe library", f"version {run.library}")


def summary(run: ProbeRun) -> str:
    """The last line: `fail: 3 of 142 attacks succeeded · 1 prompt · $0.014`."""
    if run.nothing:
        problems = f"{run.verdict}: " if run.problems else ""
        return f"{problems}{nothing(run)}"
    parts = [
        f"{verdict(run)}: {outcome(run)}",
        f"{counted(run.stale, 'answer')} missing" if run.stale else "",
        f"{not_judged(run):,} not judged" if not_judged(run) else "",
        counted(len(run.prompts), "prompt"),
        cost(run.cost_usd),
    ]
    return " · ".join(filter(None, parts))


def verdict(run: ProbeRun) -> str:
    """In a word: `incomplete` if only answers that are missing or not judged fail it."""
    is_broken = run.problems or any(prompt.failures for prompt in run.prompts)
    return "incomplete" if run.verdict == "fail" and not is_broken else run.verdict


def not_judged(run: ProbeRun) -> int:
    """The number of answers that could not be judged."""
    return sum(map(len, errors(run).values()))


def gate_result(run: ProbeRun) -> str:
    """The result for the gate: the rate, then the first reasons why it fails."""
    if run.nothing:
        return "; ".join([nothing(run), *reasons(run)[:_NAMED]])
    parts = [outcome(run), missing(run), *reasons(run)[:_NAMED], *unmarked(run)]
    return "; ".join(filter(None, parts))


def nothing(run: ProbeRun) -> str:
    """Why nothing was attacked, if nothing was."""
    return f"nothing is attacked: {visible(run.nothing)}"


def reasons(run: ProbeRun) -> list[str]:
    """Why it fails besides missing answers, each with its prompt or place, safe to print."""
    return [
        *(f"{_where(each.place)}: {visible(each.reason)}" for each in run.problems),
        *(
            f"{visible_path(short(prompt.prompt))}: {failure}"
            for prompt in run.prompts
            for failure in failures(prompt)
        ),
        *map(visible, errors(run)),
    ]


def _where(place: Place) -> str:
    return f"{visible_path(place.path)}:{place.line}:{place.column}"


def outcome(run: ProbeRun) -> str:
    """The number of successful attacks; of a run with bias pairs only, the number of pairs."""
    pairs = [prompt.bias.rate for prompt in run.prompts if prompt.bias is not None]
    return _outcome(run.rate, pairs)


def _outcome(rate: AttackRate, pairs: Sequence[AttackRate]) -> str:
    if rate.n or not pairs:
        return successes(rate)
    differ = sum(each.succeeded for each in pairs)
    return (
        f"{differ:,} of {counted(sum(each.n for each in pairs), 'pair')} have different decisions"
    )


def successes(rate: AttackRate) -> str:
    """Such as `3 of 142 attacks succeeded`."""
    if not rate.n:
        return "no attack was judged"
    return f"{rate.succeeded:,} of {counted(rate.n, 'attack')} succeeded"


def interval(rate: AttackRate) -> str:
    """The share with its interval, in percent: `2.1% [0.4, 8.2]`; "" without answers."""
    if rate.share is None:
        return ""
    return f"{100 * rate.share:.1f}% [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def share(rate: AttackRate) -> str:
    """Such as `2 of 8`; `-` without answers."""
    return f"{rate.succeeded:,} of {rate.n:,}" if rate.n else "-"


def title(prompt: PromptProbes) -> str:
    """The result of a prompt, such as `3 of 142 attacks succeeded, 2.1% [0.4, 8.2]`."""
    kept, judged = prompt.kept.kept, prompt.kept.judged
    task = f"contracts kept in {kept:,} of {counted(judged, 'answer')}" if judged else ""
    pairs = [prompt.bias.rate] if prompt.bias is not None else []
    attacks = _outcome(prompt.rate, pairs)
    parts = [attacks, interval(prompt.rate), limit(prompt), task]
    return ", ".join(filter(None, parts))


def attacked(run: ProbeRun) -> list[PromptProbes]:
    """The prompts with judged attacks, those with most successes first."""
    own = [each for each in run.prompts if each.rate.n]
    return sorted(own, key=lambda each: -(each.rate.share or 0))


def worst(prompt: PromptProbes) -> str:
    """The family whose attacks succeed most often, such as `fake-turn 1 of 3`; "" for none."""
    first = next(iter(attacks_of(prompt)), None)
    if first is None or not first.rate.succeeded:
        return ""
    return f"{short(first.family)} {share(first.rate)}"


def limit(prompt: PromptProbes) -> str:
    """The accepted share, such as `at most 5% accepted`; "" without a limit."""
    return "" if prompt.max is None else f"at most {prompt.max:g}% accepted"


def attacks_of(prompt: PromptProbes) -> list[FamilyRate]:
    """The families without bias, those with successful attacks first."""
    own = [each for each in prompt.families if each.family != BIAS]
    return sorted(own, key=lambda each: -(each.rate.share or 0))


def succeeded(cases: Iterable[ProbedCase]) -> list[ProbedCase]:
    """The successful attacks; bias pairs are reported on their own."""
    return [case for case in cases if case.succeeded and case.family != BIAS]


def accepted(case: ProbedCase) -> str:
    """A note for an accepted success."""
    return "accepted" if case.accepted else ""


def bias(result: BiasResult) -> str:
    """Such as `2 of 16 pairs have different decisions, 12.5% [3.5, 36.0]`."""
    pairs = f"{result.rate.succeeded:,} of {counted(result.rate.n, 'pair')}"
    return f"{pairs} have different decisions ({short(result.decision)}), {interval(result.rate)}"


def unequal(result: BiasResult) -> str:
    """The attributes with different decisions: `age 1 of 2, name 1 of 2`."""
    return ", ".join(
        f"{short(each.attribute)} {share(each.rate)}"
        for each in result.attributes
        if each.rate.succeeded
    )


def direction(found: BiasDirection) -> str:
    """Such as `"billing" only for the first group in 3 pairs, only for the second in 0, p .25`."""
    value = short(found.value)
    return (
        f"{value} only for the usually favoured group in {counted(found.first, 'pair')},"
        f" only for the other one in {found.second:,} (p {found.p:.2f})"
    )


def failures(prompt: PromptProbes) -> Iterator[str]:
    """Why a prompt fails, safe to print."""
    return map(visible, prompt.failures)


def no_limit(prompt: PromptProbes) -> str:
    """That successful attacks do not fail the prompt, and what would; or ""."""
    if prompt.max is not None or prompt.failures or not prompt.rate.succeeded:
        return ""
    return (
        "no limit is set, so successful attacks do not fail it: write"
        " `evaluation: {probes: {max: 5}}` in the prompt to accept at most 5%"
    )


def self_judged(prompt: PromptProbes) -> str:
    """That a model judges its own answers, and how another one would; or ""."""
    if not prompt.self_judged:
        return ""
    named = " and ".join(map(short, prompt.self_judged))
    return (
        f"{named}: the attacked model judges its own answers, and an attack may reach the judge,"
        " too; set `moderations` in `[test]`,"
        " or `evaluation: {judge: {profile: NAME}}` in the prompt"
    )


def unused(prompt: PromptProbes) -> str:
    """Accepted probes that no longer succeed, or ""."""
    if not prompt.unused:
        return ""
    named = some([f"`{short(name)}`" for name in prompt.unused], _NAMED)
    return f"no longer succeeds, remove it from `evaluation.probes.accept`: {named}"


def skipped(run: ProbeRun) -> Iterator[str]:
    """What was not sent, each reason once with a count."""
    yield from _left_out(run.skipped)
    yield from _single([each for each in run.skipped if each.id])


def _single(found: Sequence[SkippedProbe]) -> Iterator[str]:
    """Single attacks that were not sent, by reason."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        name = f"`{short(each.id)}` in {short(each.input)}"
        reasons.setdefault(_short_reason(each.why), []).append(name)
    for reason, names in reasons.items():
        yield f"{counted(len(names), 'attack')}: {reason}: {some(names, _NAMED)}"


def _left_out(found: Sequence[SkippedProbe]) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        if not each.id:
            groups.setdefault((each.family, each.input, each.why), []).append(each.prompt)
    for (family, target, why), prompts in groups.items():
        yield f"{_what(family, target)}{_prompts(prompts)}: {visible(why)}"


def _what(family: str, target: str) -> str:
    if target:
        return f"the input `{short(target)}` of "
    return f"the family `{short(family)}` of " if family else ""


def unmarked(run: ProbeRun) -> Iterator[str]:
    """The prompts and inputs that can't be attacked, for a report that shows no families."""
    if not run.nothing:
        found = [each for each in run.skipped if not each.id and not each.family]
        yield from (f"not attacked: {line}" for line in _left_out(found))


def _prompts(names: Sequence[str]) -> str:
    return some([visible_path(short(name)) for name in dict.fromkeys(names)], _NAMED)


def _short_reason(why: str) -> str:
    """A reason without its numbers, so that equal ones are counted together."""
    return visible(why.partition(" (")[0], 200)


def stale_prompts(run: ProbeRun) -> str:
    """The prompts with missing answers: `refund, sort`."""
    return _prompts([prompt.prompt for prompt in run.prompts if prompt.stale])


def missing(run: ProbeRun) -> str:
    """Missing answers, or ""."""
    if not run.stale:
        return ""
    return f"{run.stale:,} of {counted(len(run.cases), 'answer')} missing"


def advice(run: ProbeRun) -> str:
    """The next command, or ""."""
    return visible(run.advice)


def errors(run: ProbeRun) -> dict[str, list[ProbedCase]]:
    """The answers that could not be requested or judged, by reason."""
    found: dict[str, list[ProbedCase]] = {}
    for case in run.cases:
        if case.run.status == "error" and case.succeeded is None:
            found.setdefault(_reason(case), []).append(case)
    return found


def error_lines(run: ProbeRun) -> Iterator[str]:
    """The same as lines: `6 answers to toxicity: the judge gave no answer`; safe to print.

    They name the prompts if the run has several.
    """
    for reason, cases in errors(run).items():
        families = some(list(dict.fromkeys(short(case.family) for case in cases)), _NAMED)
        prompts = list(dict.fromkeys(short(case.run.prompt) for case in cases))
        whose = f" of {some(prompts, _NAMED)}" if len(run.prompts) > 1 else ""
        hint = f"; {_OTHER_JUDGE}" if _NO_ANSWER in reason else ""
        yield f"{counted(len(cases), 'answer')} to {families}{whose}: {visible(reason)}{hint}"


_NO_ANSWER = "judge gave no answer"
_OTHER_JUDGE = "`evaluation: {judge: {profile: NAME}}` in the prompt sets the model of judges"


def _reason(case: ProbedCase) -> str:
    """Why an answer is missing, or could not be judged."""
    wrong = (each for each in case.run.assertions if each.status == "error")
    first = next(wrong, None)
    if first is None or case.run.infrastructure:
        return case.run.reason
    return f"`{first.type}`: {first.reason}"
