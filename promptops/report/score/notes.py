"""Alerts and notes about scored samples as sentences, without any markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from promptops.model.config import AlertRule
from promptops.model.score import (
    UNNAMED,
    Alert,
    LeftOutAssertion,
    SampleCounts,
    Score,
    ScoreGroup,
    WrittenCases,
)
from promptops.plurals import and_more, counted, some
from promptops.report.parts.visible import visible, visible_path
from promptops.report.score import figures
from promptops.report.score.facts import group_name
from promptops.report.score.figures import exact, of_metric
from promptops.report.test.facts import short

_DOUBTFUL_SHOWN = 5
_MISSING_SHOWN = 20


def raised(alert: Alert) -> str:
    """What is wrong, and how sure it is.

    Such as `contracts 92.1% of 1,200 samples, at most 94.2%: below the limit of 98%`.
    """
    side, end = ("at most", "below") if alert.below else ("at least", "above")
    the_limit = exact(alert.metric, alert.threshold)
    return f"{_value(alert)}, {side} {_bound(alert)}: {end} the limit of {the_limit}"


def doubtful(score: Score) -> Iterator[str]:
    """Groups beyond a limit, which may be chance; those with the most samples first."""
    beyond = [alert for alert in score.quiet if _is_beyond(alert)]
    beyond.sort(key=lambda alert: -alert.n)
    for alert in beyond[:_DOUBTFUL_SHOWN]:
        yield f"{group_name(alert.by)}: {_value(alert)} is {limit(alert)}, {_chance(alert)}"
    if beyond[_DOUBTFUL_SHOWN:]:
        yield and_more(len(beyond) - _DOUBTFUL_SHOWN, "group")


def quiet(score: Score) -> Iterator[str]:
    """For each rule the groups without an alert, and what the smallest of them would show.

    Such as `contracts below 98%: 12 groups; the smallest, 240 samples, would raise it below
    94.2%`.
    """
    for rule, alerts in _by_rule(score.quiet).items():
        yield f"{rule}: {counted(len(alerts), 'group')}{_sensitivity(alerts)}"


def idle(score: Score) -> Iterator[str]:
    """Optional rules that no sample has a value for."""
    yield from (_idle(rule, score) for rule in score.idle if rule.optional)


def without_value(score: Score) -> Iterator[str]:
    """Rules that see nothing, so that the run fails: `p95 above 4 s: no sample has a value for it`.

    Also for one group: `ask · 1.8.0: contracts below 98%: all samples ended with an error (240)`.
    """
    yield from (_idle(rule, score) for rule in score.idle if not rule.optional)
    for each in score.without_value[:_MISSING_SHOWN]:
        the_limit = figures.limit(each.metric, each.threshold, below=each.below)
        where = f"{group_name(each.by)}: " if each.by else ""
        yield f"{where}{short(each.metric)} {the_limit}: {each.why} ({each.n:,})"
    if score.without_value[_MISSING_SHOWN:]:
        yield and_more(len(score.without_value) - _MISSING_SHOWN, "group")


def _idle(rule: AlertRule, score: Score) -> str:
    shown = figures.limit(rule.metric, rule.threshold, below=rule.below is not None)
    return f"{short(rule.metric)} {shown}: {_why_idle(rule, score)}"


def _why_idle(rule: AlertRule, score: Score) -> str:
    if rule.prompts and "prompt" not in score.by:
        return "it is for some prompts, and groups have no prompt: add `prompt` to --by"
    whose = f" of {', '.join(map(short, rule.prompts))}" if rule.prompts else ""
    return f"no sample{whose} has a value for it"


def limit(alert: Alert) -> str:
    """The limit: `below 98%`."""
    return figures.limit(alert.metric, alert.threshold, below=alert.below)


def metric(alert: Alert) -> str:
    """The metric, safe to print."""
    return short(alert.metric)


def _bound(alert: Alert) -> str:
    """With more digits if it would look like the limit."""
    bound = alert.bound if alert.bound is not None else alert.value
    shown = of_metric(alert.metric, bound)
    is_like_limit = shown == of_metric(alert.metric, alert.threshold)
    return exact(alert.metric, bound) if is_like_limit else shown


def _value(alert: Alert) -> str:
    number = of_metric(alert.metric, alert.value)
    return f"{metric(alert)} {number} of {counted(alert.n, 'sample')}"


def _is_beyond(alert: Alert) -> bool:
    if not alert.n:
        return False
    return alert.value < alert.threshold if alert.below else alert.value > alert.threshold


def _chance(alert: Alert) -> str:
    may_be_chance = "but this may be chance"
    if alert.raised_from is None:
        return may_be_chance
    return f"{may_be_chance}: with so many samples, an alert is raised {_edge(alert)}"


def _by_rule(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        found.setdefault(f"{metric(alert)} {limit(alert)}", []).append(alert)
    return found


def _sensitivity(alerts: Sequence[Alert]) -> str:
    """From which value on the smallest group would raise it, if that is known."""
    known = [alert for alert in alerts if alert.raised_from is not None]
    if not known:
        return ""
    smallest = min(known, key=lambda alert: alert.n)
    size = counted(smallest.n, "sample")
    which = f"the smallest, {size}," if len(alerts) > 1 else size
    return f"; {which} would raise it {_edge(smallest)}"


def _edge(alert: Alert) -> str:
    side = "below" if alert.below else "above"
    return f"{side} {of_metric(alert.metric, alert.raised_from or 0.0)}"


# Notes about scored samples besides their figures, without any markup.

_TYPES_SHOWN = 8


def notes(score: Score) -> Iterator[tuple[str, str]]:
    """A label and a sentence for each."""
    yield from _read(score.samples)
    yield from _joined(score)
    for line in left_out(score):
        yield "not checked", line
    for line in unscorable(score):
        yield "can't be checked", line
    few = [group for group in score.groups if group.few_conversations]
    if few:
        yield "wide intervals", _few_conversations(few)
    if score.cases is not None:
        yield "cases", cases(score.cases)
        if score.cases.written:
            yield "hint", _how_to_use(score.cases)
    elif score.alerts:
        yield "hint", "to write failing samples as test cases: `--to-cases new.cases.yaml`"
    if any(not rule.optional for rule in score.idle):
        yield "hint", "`optional = true` in [[score.alerts]] accepts that samples lack a value"
    if score.unwatched:
        yield "hint", "no alert is about the answers: add `--alert 'contracts<98'`, or a score"
    if score.nothing_to_judge:
        yield "judges", "no scored answer has an assertion with a judge: --judge has no effect"
    if score.unanswered:
        yield "judges", f"{counted(score.unanswered, 'request')} without an answer"
    for reason, count in score.no_verdict.items():
        yield "judges", f"{counted(count, 'verdict')} missing: {visible(reason)}"
    if score.ended:
        yield "ended early", visible(score.ended)


def _read(found: SampleCounts) -> Iterator[tuple[str, str]]:
    if found.repeated:
        many = counted(found.repeated, "sample")
        yield "repeated", f"{many} with the id of an earlier one: each id counts once"
    if found.sampled != found.read - found.repeated:
        yield "sampled", f"{found.sampled:,} of {counted(found.read - found.repeated, 'sample')}"
    for kind, count in found.ignored.items():
        yield "ignored", f"{counted(count, short(kind))} without a request to a model"
    for key, nearest in found.similar_keys.items():
        yield "unknown key", f"`{short(key)}`, did you mean `{short(nearest)}`?"


def _joined(score: Score) -> Iterator[tuple[str, str]]:
    found = score.samples
    if answers(found):
        yield "answers", answers(found)
    if found.unjoined_samples:
        yield "not joined", unjoined(found)
        yield from (("hint", each) for each in _how_to_join(found))
    if found.by_id_only:
        yield "joined by id only", f"{counted(found.by_id_only, 'sample')} without a version"
    if found.altered:
        many = counted(found.altered, "sample")
        yield "altered", f"{many} of a prompt that differs from its release"
    if found.without_answer:
        many = counted(found.without_answer, "sample")
        yield "not checked", f"{many} whose answer was not recorded"
        yield "hint", "traces have content only if the application records it: `content=True`"
    if found.without_cost:
        many = counted(found.without_cost, "sample")
        yield "cost unknown", f"{many} without a cost, or without usage and a price"


def answers(found: SampleCounts) -> str:
    """The forms of the answers: `12 text, 3 JSON, 5 unwrapped from messages`; "" without any."""
    forms = {
        "text": found.text_answers,
        "JSON": found.json_answers,
        "unwrapped from messages or responses": found.unwrapped_answers,
    }
    return ", ".join(f"{count:,} {form}" for form, count in forms.items() if count)


def _few_conversations(groups: Sequence[ScoreGroup]) -> str:
    largest = max(groups, key=lambda group: group.n)
    figure = figures.share(largest.contracts) if largest.contracts.n else ""
    named = ", ".join(filter(None, (group_name(largest.by) if largest.by else "", figure)))
    which = "this figure" if len(groups) == 1 else f"the figures of {counted(len(groups), 'group')}"
    example = "" if len(groups) == 1 else "the largest: "
    return f"few conversations make up {which}{f': {example}{named}' if named else ''}"


def _how_to_join(found: SampleCounts) -> Iterator[str]:
    unnamed = [name.startswith(UNNAMED) for name in found.unjoined]  # a release may follow
    if any(unnamed):
        yield "name the prompt of each request: `promptops.traced`, or `request.attributes()`"
    if not all(unnamed):
        yield (
            "`promptops list` shows the prompts;"
            " releases are known by their tags: `git fetch --tags`"
        )


def broken(score: Score) -> Iterator[str]:
    """Lines that can't be read, then bugs of promptops."""
    yield from unreadable(score)
    yield from bugs(score)


def bugs(score: Score) -> Iterator[str]:
    """Bugs of promptops that kept assertions from being checked."""
    yield from map(visible, score.failed)


def unreadable(score: Score) -> Iterator[str]:
    """The first lines that can't be read, and the number of the others."""
    found = score.samples
    for each in found.broken:
        place = each.place
        where = f"{visible_path(place.path)}:{place.line}:{place.column}"
        yield f"{where}: {visible(each.message)}"
    rest = found.broken_lines - len(found.broken)
    if rest:
        yield f"{counted(rest, 'more line')} can't be read"


def cases(found: WrittenCases) -> str:
    """What `--to-cases` wrote, and what it left out."""
    skipped = f"; {counted(found.skipped, 'sample')} with too much personal data skipped"
    written = f"{counted(found.written, 'case')} written to {visible_path(found.file)}"
    if not found.written:
        why = "" if found.skipped else ": no sample fails an assertion and has inputs"
        written = f"none written{why}"
    return written + (skipped if found.skipped else "")


def _how_to_use(found: WrittenCases) -> str:
    add = f"`- file: ./{visible_path(PurePath(found.file).name)}`"
    use = f"move the file next to the prompt, add {add} to its `tests`"
    return f"read and name the cases, {use}, and run `promptops test --record`"


def unjoined(found: SampleCounts) -> str:
    """Samples of unknown prompts by name: `240 samples: support/old 1.2.0 (200), x (40)`."""
    names = [f"{short(name)} ({count:,})" for name, count in found.unjoined.items()]
    rest = found.unjoined_samples - sum(found.unjoined.values())
    more = [f"{rest:,} of other names"] if rest else []
    return f"{counted(found.unjoined_samples, 'sample')}: {', '.join([*names, *more])}"


def left_out(score: Score) -> Iterator[str]:
    """Assertions that are not checked: `support/triage: needs "expected": equals, similar`."""
    found: dict[tuple[str, str], list[LeftOutAssertion]] = {}
    for each in score.left_out:
        found.setdefault((each.prompt, each.why), []).append(each)
    for (prompt, why), every in found.items():
        types = list(dict.fromkeys(short(each.type) for each in every))
        yield f"{short(prompt)}: {some(types, _TYPES_SHOWN)}: {visible(why)}"


def unscorable(score: Score) -> Iterator[str]:
    """Assertions that look at what samples lack: `support/triage: no-leak: 40 of 100 samples`.

    Those that are left out anyway are not listed again.
    """
    left_out = {(each.prompt, each.type) for each in score.left_out}
    counts: dict[tuple[str, str], list[int]] = {}
    for group in score.groups:
        for each in group.assertions:
            key = group.by.get("prompt", ""), each.type
            if (each.n or each.unscorable) and key not in left_out:
                both = counts.setdefault(key, [0, 0])
                both[0] += each.unscorable
                both[1] += each.n + each.unscorable
    for (prompt, kind), (without, of) in counts.items():
        if without:
            name = f"{short(prompt)}: " if prompt else ""
            yield f"{name}{short(kind)}: {without:,} of {counted(of, 'sample')}"
