"""What attacks achieved, in words, for a terminal and a comment; the list of packaged probes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptops.model.probe import (
    AttackRate,
    BiasDirection,
    BiasResult,
    Family,
    FamilyRate,
    ProbedCase,
    ProbeList,
    ProbeRun,
    PromptProbes,
    SkippedProbe,
)
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted, some
from promptops.report.answer_text import printed_answer, visible_text
from promptops.report.document import (
    LIMIT,
    Controls,
    Document,
    Fact,
    Level,
    Remark,
    ended_early,
    last_lines,
    more,
    opening,
)
from promptops.report.markdown_text import block, code, escape, fitting, shown_sentence
from promptops.report.test import facts as scores
from promptops.report.test.facts import Differences, answer_lines, cost, short
from promptops.report.visible import visible, visible_path

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
        next=next_command(run),
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
        *(f"{visible_path(str(each.place))}: {visible(each.reason)}" for each in run.problems),
        *(
            f"{visible_path(short(prompt.prompt))}: {failure}"
            for prompt in run.prompts
            for failure in failures(prompt)
        ),
        *map(visible, errors(run)),
    ]


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


def accepted_probes(prompt: PromptProbes) -> Iterator[str]:
    """Accepted probes that no longer succeed, and those that could not be judged."""
    if prompt.unused:
        removed = "no longer succeeds, remove it from `evaluation.probes.accept`"
        yield f"{removed}: {_probes(prompt.unused)}"
    if prompt.unjudged:
        yield f"no verdict, which fails nothing: {_probes(prompt.unjudged)}"


def _probes(names: Sequence[str]) -> str:
    return some([f"`{short(name)}`" for name in names], _NAMED)


def skipped(run: ProbeRun) -> Iterator[str]:
    """What was not sent, each reason once with a count."""
    yield from _left_out(run.skipped)
    reasons: dict[str, list[str]] = {}
    for each in run.skipped:
        if each.id:  # a single attack; a reason without its numbers, so that equal ones are joined
            reason = visible(each.why.partition(" (")[0], 200)
            name = f"`{short(each.id)}` in {short(each.input)}"
            reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        yield f"{counted(len(names), 'attack')}: {reason}: {some(names, _NAMED)}"


def _left_out(found: Sequence[SkippedProbe]) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        if not each.id:
            groups.setdefault((each.family, each.input, each.why), []).append(each.prompt)
    for (family, target, why), prompts in groups.items():
        what = f"the family `{short(family)}` of " if family else ""
        what = f"the input `{short(target)}` of " if target else what
        yield f"{what}{_prompts(prompts)}: {visible(why)}"


def unmarked(run: ProbeRun) -> Iterator[str]:
    """The prompts and inputs that can't be attacked, for a report that shows no families."""
    if not run.nothing:
        found = [each for each in run.skipped if not each.id and not each.family]
        yield from (f"not attacked: {line}" for line in _left_out(found))


def _prompts(names: Sequence[str]) -> str:
    return some([visible_path(short(name)) for name in dict.fromkeys(names)], _NAMED)


def stale_prompts(run: ProbeRun) -> str:
    """The prompts with missing answers: `refund, sort`."""
    return _prompts([prompt.prompt for prompt in run.prompts if prompt.stale])


def missing(run: ProbeRun) -> str:
    """Missing answers, or ""."""
    if not run.stale:
        return ""
    return f"{run.stale:,} of {counted(len(run.cases), 'answer')} missing"


def next_command(run: ProbeRun) -> str:
    """The next command, or ""."""
    return visible(run.next)


def errors(run: ProbeRun) -> dict[str, list[ProbedCase]]:
    """The answers that could not be requested or judged, by reason; not those that are accepted."""
    found: dict[str, list[ProbedCase]] = {}
    for case in run.cases:
        if case.run.status == "error" and case.is_open:
            wrong = [each for each in case.run.assertions if each.status == "error"]
            reason = case.run.reason
            if wrong and not case.run.infrastructure:
                reason = f"`{wrong[0].type}`: {wrong[0].reason}"
            found.setdefault(reason, []).append(case)
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


# For a person at a terminal: a table for each prompt, successful attacks, then a summary line.

_LINES = 6
_ATTACKS = 20
_LONGEST_LINE = 300


def write_text(
    found: ProbeRun | ProbeList, *, style: Style = plain, figures: bool = False, **_: object
) -> str:
    """The whole text of attacks, or of the list of packaged probes.

    Args:
        figures: Show the statistics of the comparison, and whole requests and answers; in the
            list, a line for each probe with the beginning of its text.
    """
    if isinstance(found, ProbeList):
        lines = _list_lines(found.families, style, figures=figures)
    else:
        lines = _ProbeWriter(found, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _ProbeWriter:
    def __init__(self, run: ProbeRun, style: Style, *, figures: bool) -> None:
        self._run = run
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        for prompt in self._run.prompts:
            yield from self._prompt(prompt)
        yield from self._problems()
        for line in skipped(self._run) if not self._run.nothing else ():
            yield f"{self._style('note', 'not attacked')}: {line}"
        yield from last_lines(document(self._run), self._style)

    def _prompt(self, prompt: PromptProbes) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        yield f"{name}: {title(prompt)}"
        yield from self._families(prompt)
        own = [case for case in self._run.cases if case.run.prompt == prompt.prompt]
        found = succeeded(own)
        for case in found[: None if self._figures else _ATTACKS]:
            yield from self._success(case)
        if not self._figures and len(found) > _ATTACKS:
            yield f"  {and_more(len(found) - _ATTACKS, 'successful attack')}: -v shows all"
        yield from self._after(prompt)

    def _families(self, prompt: PromptProbes) -> Iterator[str]:
        every = attacks_of(prompt)
        broken = [each for each in every if each.rate.succeeded]
        width = max((len(each.family) for each in broken), default=0)
        for each in broken:
            rate = share(each.rate)
            owasp = ", ".join(each.owasp)
            yield f"  {each.family.ljust(width)}  {rate:>8}  {interval(each.rate)}  {owasp}"
        resisted = sum(not each.rate.succeeded and bool(each.rate.n) for each in every)
        if resisted:
            noun = "other family" if broken else "family"
            yield f"  no attack of {counted(resisted, noun)} succeeded"

    def _success(self, case: ProbedCase) -> Iterator[str]:
        kind = "note" if case.accepted else "error"
        word = "accepted" if case.accepted else "succeeded"
        number = f" #{case.run.repeat}" if case.run.repeat else ""
        yield f"  {self._style(kind, word)}: {short(case.run.name)}{number}  [{case.owasp}]"
        for assertion in case.run.assertions:
            if assertion.status == "failed" and assertion.on == "answer":
                yield f"    {visible(assertion.type)}: {visible(assertion.reason, _LONGEST_LINE)}"
                break
        if self._figures:
            for each in case.run.messages:
                yield f"    {short(each.role)}:"
                yield from self._block(visible_text(each.text).split("\n"))
        if case.run.answer is not None:
            yield "    answer:"
            yield from self._block(list(printed_answer(case.run.answer)))

    def _block(self, lines: list[str]) -> Iterator[str]:
        most = len(lines) if self._figures else _LINES
        for line in lines[:most]:
            yield f"      {line[:_LONGEST_LINE]}".rstrip()
        if len(lines) > most:
            yield f"      {and_more(len(lines) - most, 'line')}"

    def _after(self, prompt: PromptProbes) -> Iterator[str]:
        if prompt.bias is not None:
            yield f"  {self._style('note', 'bias')}: {bias(prompt.bias)}"
            if unequal(prompt.bias):
                yield f"    {unequal(prompt.bias)}"
            for each in prompt.bias.directions:
                yield f"    {direction(each)}"
        decided = prompt.decided
        if decided is not None:
            verdict = self._style(LEVELS[decided.verdict], decided.verdict)
            line = decided.line if self._figures else decided.plain
            yield f"  {self._style('note', 'baseline')}: {verdict}: {visible(line)}"
            worst = scores.lines(decided, self._differences) if decided.verdict == "fail" else ()
            yield from (f"    {line}".rstrip() for line in worst)
        for failure in failures(prompt):
            yield f"  {self._style('error', 'fail')}: {failure}"
        for note in filter(None, (no_limit(prompt), self_judged(prompt))):
            yield f"  {self._style('note', 'note')}: {note}"
        for line in accepted_probes(prompt):
            yield f"  {self._style('note', 'accepted')}: {line}"

    def _problems(self) -> Iterator[str]:
        error = self._style("error", "error")
        for run in self._run.problems:
            where = self._style("path", visible_path(str(run.place)))
            yield f"{where}: {error}: {visible(run.reason)}"
        yield from (f"{error}: {line}" for line in error_lines(self._run))


# For a comment on a pull request: the rates by family and input, then each successful attack.

_RESERVED = 1_000  # for the notes on omitted parts
_MARKDOWN_LINES = 30


def write_markdown(run: ProbeRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = opening(document(run)) + _problems(run)
    room = LIMIT - _RESERVED - len(head)
    tables = list(fitting(room, map(_table, run.prompts)))
    room -= sum(map(len, tables))
    prompts = more(len(run.prompts) - len(tables), "prompt", ALL)
    found = succeeded(run.cases)
    attacks = list(fitting(room, map(_attack, found)))
    rest = more(len(found) - len(attacks), "attack", ALL)
    return "".join([head, *tables, prompts, *attacks, rest])


def _problems(run: ProbeRun) -> str:
    """What is wrong and what was not attacked; the first lines of each."""
    untried = [] if run.nothing else [f"not attacked: {each}" for each in skipped(run)]
    every = ([each.reason for each in run.problems], list(error_lines(run)), untried)
    lines = [f"- {shown_sentence(line)}\n" for found in every for line in found[:_MARKDOWN_LINES]]
    return "".join(["\n", *lines]) if lines else ""


def _table(prompt: PromptProbes) -> str:
    names = [code(short(name)) for name in prompt.inputs]
    head = f"| family | OWASP | {' | '.join([*names, 'succeeded'])} |\n"
    rule = f"|---|---|{'--:|' * (len(names) + 1)}\n"
    rows = "".join(f"| {' | '.join(_row(family, prompt))} |\n" for family in prompt.families)
    heading = f"{code(short(prompt.prompt))} {shown_sentence(title(prompt))}"
    remarks = "".join(f"- {line}\n" for line in _remarks(prompt))
    return f"\n**{heading}**\n\n{head}{rule}{rows}" + (f"\n{remarks}" if remarks else "")


def _row(found: FamilyRate, prompt: PromptProbes) -> Iterator[str]:
    yield code(found.family)
    yield escape(", ".join(found.owasp))
    cells = {cell.input: cell for cell in prompt.matrix if cell.family == found.family}
    for name in prompt.inputs:
        cell = cells.get(name)
        rate = share(cell.rate) if cell is not None else ""
        yield f"**{rate}**" if cell is not None and cell.rate.succeeded else rate
    yield escape(interval(found.rate))


def _remarks(prompt: PromptProbes) -> Iterator[str]:
    for failure in failures(prompt):
        yield f"**fail**: {shown_sentence(failure)}"
    if prompt.decided is not None:
        yield f"baseline: {prompt.decided.verdict}: {shown_sentence(prompt.decided.plain)}"
    if prompt.bias is not None:
        yield f"bias: {shown_sentence(bias(prompt.bias))}"
        yield from (shown_sentence(direction(each)) for each in prompt.bias.directions)
    notes = (no_limit(prompt), self_judged(prompt), *accepted_probes(prompt))
    yield from map(shown_sentence, filter(None, notes))


def _attack(case: ProbedCase) -> str:
    what = f"{code(short(case.run.prompt))}: {code(short(case.run.name))}, {escape(case.owasp)}"
    accepted = ", accepted" if case.accepted else ""
    texts = [_text(f"{each.role}:", each.text.split("\n")) for each in case.run.messages[-1:]]
    if case.run.answer is not None:
        texts.append(_text("answer:", answer_lines(case.run.answer)))
    return f"\n<details><summary>{what}{accepted}</summary>\n\n{''.join(texts)}\n</details>\n"


def _text(title: str, lines: list[str]) -> str:
    return f"{shown_sentence(title)}\n\n{block('', lines, _MARKDOWN_LINES)}\n"


# The list of families, or of the probes of some families.

_LONGEST = 100


def _list_lines(families: Sequence[Family], style: Style, *, figures: bool) -> Iterator[str]:
    width = max((len(family.name) for family in families), default=0)
    for family in families:
        number = len(family.probes) + len(family.pairs)
        name = style("code", family.name.ljust(width))
        yield f"{name}  {number:>3}  {family.owasp}  {family.attacks}"
        for probe in family.probes if figures else ():
            yield f"  {probe.id}: {visible(probe.text, _LONGEST)}"
        for pair in family.pairs if figures else ():
            yield f"  {pair.id}: {visible(' | '.join(pair.texts), _LONGEST)}"
    number = sum(len(family.probes) + len(family.pairs) for family in families)
    yield style("summary", f"{counted(number, 'probe')} in {counted(len(families), 'family')}")
