"""The wording of alerts, raised and not raised, without any markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptops.model.config import AlertRule
from promptops.model.score import Alert, Score
from promptops.plurals import and_more, counted
from promptops.report.score.parts import figures
from promptops.report.score.parts.figures import exact, of_metric
from promptops.report.score.parts.names import group_name
from promptops.report.test.parts.facts import short

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
