"""What all reports of changes say, and which requests are shown because they differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from promptops.model.change import (
    ABSENT,
    CaseDiff,
    Change,
    DiffReport,
    PromptDiff,
    Seen,
    SeenPair,
    Witness,
)
from promptops.model.version import Bump
from promptops.patterns import lazy_pattern
from promptops.plurals import counted, some
from promptops.records import record
from promptops.report.data_text import json_data, json_text
from promptops.report.differences import line_difference
from promptops.report.visible import visible

_LONGEST_WITNESS = 120
_LONGEST_VALUE = 160
_LONGEST_LINE = 80
_REVISION = lazy_pattern(r"[\w./@^~][\w./@^~-]*")
_LEAST_USD = 0.0001
NAMES_SHOWN = 8
_LONGEST_NAME = 200
_NOBODY = Seen(role="", text="", tokens=0)


def headline(report: DiffReport) -> str:
    """The summary: `major: 3 prompts changed of 12 compared from v1.0.0 to HEAD, 1 risk`."""
    sides = f" from {visible(report.base)} to {visible(report.head)}"
    return f"{required(report.bump)}: {_counts(report, sides)}"


def counts(report: DiffReport) -> str:
    """The counts: `3 prompts changed of 12 compared, 1 risk`."""
    return _counts(report, "")


def _counts(report: DiffReport, sides: str) -> str:
    compared = f"{counted(report.compared, 'prompt')} compared{sides}"
    changed = counted(len(report.prompts), "prompt")
    if not report.prompts:
        result = f"no changes for callers, the model or consumers ({compared})"
    else:
        result = f"{changed} changed of {report.compared:,} compared{sides}"
    if report.risks:
        result += f", {counted(len(report.risks), 'risk')}"
    if report.hidden:
        were = "was" if report.hidden == 1 else "were"
        others = counted(report.hidden, "other prompt")
        result += f"; {others} may have changed and {were} not selected"
    why = before_1(report.bump, report.after_version or "")
    raised = f" ({report.before_version} -> {report.after_version}: {why})" if why else ""
    return f"{result}{raised}"


def command(report: DiffReport, ids: Iterable[str] = ()) -> str:
    """The command that shows all details."""
    sides = ["…"]
    if _REVISION.fullmatch(report.base) and _REVISION.fullmatch(report.head):
        sides = [f"{report.base}..{report.head}"]
    named = [each for each in ids if _REVISION.fullmatch(each)]
    return " ".join(["promptops diff", *sides, *named, "--format json"])


def short(text: str) -> str:
    """A name or a path, safe to print, and cut if it is too long."""
    return visible(text, _LONGEST_NAME)


def name(prompt: PromptDiff, arrow: str = "->") -> str:
    """The id of a prompt, with the earlier one if it was renamed."""
    if prompt.before_id is None:
        return short(prompt.id)
    return f"{short(prompt.before_id)} {arrow} {short(prompt.id)}"


def versions(prompt: PromptDiff, arrow: str = "->") -> str:
    """The versions, such as `1.4.2 -> 2.0.0`; "" without a release."""
    both = [each for each in (prompt.before_version, prompt.after_version) if each is not None]
    return f" {arrow} ".join(map(short, both))


def bump(prompt: PromptDiff) -> str:
    """The bump and the state, such as `major`, or `major, removed`."""
    told = prompt.state in ("added", "removed", "unreadable")
    return f"{required(prompt.bump)}, {prompt.state}" if told else required(prompt.bump)


def required(bump: Bump) -> str:
    """The required bump, such as `major`, or `no version bump`."""
    return str(bump) if bump else "no version bump"


def worst_first(changes: Iterable[Change]) -> list[Change]:
    """Changes by bump; of equal ones, breaking changes, risks and warnings first."""
    return sorted(
        changes, key=lambda each: (-each.bump, not each.breaking, not each.risk, not each.warning)
    )


def is_quiet(prompt: PromptDiff) -> bool:
    """Whether a prompt has no change that a reviewer should check."""
    return not prompt.cases and all(label(change) == "neutral" for change in prompt.changes)


def label(change: Change) -> str:
    """The level in lower case; a risk or a warning is never `neutral`."""
    if change.level != "NEUTRAL":
        return change.level.lower()
    return "risk" if change.risk else "warning" if change.warning else "neutral"


def level(change: Change) -> str:
    """The word for why a change needs attention, or ""."""
    if change.waiver is not None:
        return "waived"
    if change.breaking:
        return "breaking"
    return "warning" if change.warning else ""


def shared_via(prompt: PromptDiff) -> tuple[str, ...]:
    """The files that caused all relevant changes; () if the changes have different causes."""
    told = {change.via for change in prompt.changes if change.bump}
    return prompt.via if len(told) <= 1 else ()


def values(change: Change) -> tuple[str, str] | None:
    """Both values as JSON; None if the change has no values."""
    if change.before is ABSENT and change.after is ABSENT:
        return None
    return _value(change.before), _value(change.after)


def are_short(values: tuple[str, str]) -> bool:
    """Whether both values fit on one line."""
    return sum(map(len, values)) <= _LONGEST_LINE


def risk(change: Change, arrow: str = "->") -> str:
    """The risk of a change in one line."""
    there = [value for value in (change.before, change.after) if value is not ABSENT]
    told = f" {arrow} ".join(map(_value, there))
    at = f" ({visible(f'{change.place.path}:{change.place.line}')})" if change.place else ""
    return visible(change.message) + (f": {told}" if told else "") + at


def unexplained_risk(change: Change) -> str:
    """Why a change is a risk, unless its message already explains it; else ""."""
    risk = visible(change.risk)
    return "" if risk in visible(change.message) else risk


def _value(value: Any) -> str:
    return "nothing" if value is ABSENT else compact(value, _LONGEST_VALUE)


def compact(value: Any, limit: int = _LONGEST_WITNESS) -> str:
    """A value as JSON on one line, cut if long."""
    return visible(json.dumps(json_data(value), ensure_ascii=False), limit)


def proof(witness: Witness) -> str:
    """The explanation after the value of a witness: what it proves, and its source."""
    proves = "is now refused" if witness.kind == "input" else "is possible now, and was refused"
    case = f", from the case `{short(witness.case)}`" if witness.case is not None else ""
    return f"{proves}{case}" + (f": {visible(witness.reason)}" if witness.reason else "")


def waived(change: Change) -> str:
    """Who waived the change, until when and why; "" without a waiver."""
    waiver = change.waiver
    if waiver is None:
        return ""
    return f"by {short(waiver.who)} until {waiver.expires}: {visible(waiver.reason)}"


def role(pair: SeenPair, arrow: str = "->") -> str:
    """The role of a message, such as `user`, `user, added`, `system -> developer`."""
    before, after = pair.before or _NOBODY, pair.after or _NOBODY
    if pair.before is None:
        return f"{short(after.role)}, added"
    if pair.after is None:
        return f"{short(before.role)}, removed"
    roles = dict.fromkeys((short(before.role), short(after.role)))
    return f" {arrow} ".join(roles)


def tokens(case: CaseDiff, tokenizer: str, arrow: str = "->") -> str:
    """Token counts, such as `system 412 -> 425 tokens, all 520 -> 533 (+13, estimated)`."""
    counted_by = short(tokenizer) if tokenizer else "estimated"
    before, after = case.before_tokens, case.after_tokens
    differing = [pair for pair in case.messages if pair.differs]
    if before == after and all(_tokens(pair.before) == _tokens(pair.after) for pair in differing):
        return f"{counted(after, 'token')} as before ({counted_by})"
    parts = [_message_tokens(pair, arrow) for pair in differing if len(case.messages) > 1]
    parts.append(f"all {before:,} {arrow} {after:,}")
    parts[0] += " tokens"
    return f"{', '.join(parts)} ({signed(after - before)}, {counted_by})"


def _message_tokens(pair: SeenPair, arrow: str) -> str:
    speaker = short((pair.after or pair.before or _NOBODY).role)
    return f"{speaker} {_tokens(pair.before):,} {arrow} {_tokens(pair.after):,}"


def _tokens(seen: Seen | None) -> int:
    return seen.tokens if seen else 0


def token_range(cases: Iterable[CaseDiff]) -> str:
    """How many tokens the requests grew by: `+13`, `-2 to +40`; "" for no difference."""
    grown = [
        case.after_tokens - case.before_tokens
        for case in cases
        if not case.before_error and not case.after_error
    ]
    if not any(grown):
        return ""
    return " to ".join(dict.fromkeys((signed(min(grown)), signed(max(grown)))))


def signed(number: int) -> str:
    """A number with its sign, such as `+13`, `-2`, `±0`."""
    return f"{number:+,}" if number else "±0"


def cost(case: CaseDiff, arrow: str = "->") -> str:
    """The price of 1,000 requests before and after; "" if it is the same."""
    before, after = _usd(case.before_usd), _usd(case.after_usd)
    return f"{before} {arrow} {after} per 1,000 requests" if before != after else ""


def _usd(price: float | None) -> str:
    if price is None:
        return "unknown"
    thousand = price * 1000
    if thousand >= 1 or thousand == 0:
        return f"${thousand:,.2f}"
    return f"${thousand:#.3g}" if thousand >= _LEAST_USD else f"under ${_LEAST_USD}"


def errors(case: CaseDiff) -> list[str]:
    """One sentence for each side without a request, with the reason."""
    before, after = visible(case.before_error), visible(case.after_error)
    if before and after:
        return [f"can't be rendered, before: {before}", f"can't be rendered, now: {after}"]
    if after:
        return [f"can no longer be rendered: {after}"]
    return [f"could not be rendered before: {before}"] if before else []


def listed(names: Iterable[str]) -> str:
    """Some names in backticks, and the number of the others."""
    return some([f"`{short(each)}`" for each in names], NAMES_SHOWN)


# Groups prompts and cases that changed in the same way, so that each is shown once.

T = TypeVar("T")

# The rendered difference shows these changes, and it is compared itself.
_SEEN_IN_THE_DIFFERENCE = frozenset({"CHG301", "CHG302", "CHG308", "CHG309"})


@record(frozen=True, slots=True)
class DistinctCase:
    """A case, and the names of cases with the same changed lines."""

    case: CaseDiff
    also: tuple[str, ...]


@record(frozen=True, slots=True)
class DistinctPrompt:
    """A prompt, the prompts like it, and its cases, each difference once.

    Attributes:
        also: Prompts with the same changes, or those that the same edit reaches.
        through: The files of that edit; empty if the changes are the same.
    """

    prompt: PromptDiff
    also: tuple[PromptDiff, ...]
    cases: tuple[DistinctCase, ...]
    through: tuple[str, ...] = ()


MOST_REACHED = 5
"""If one edit of shared files reaches more prompts, one of them is the example for all."""


def distinct_prompts(report: DiffReport) -> tuple[DistinctPrompt, ...]:
    """Group the changed prompts, in the order of the report."""
    reached = _grouped(report.prompts, _key_of_reach)
    many = {key for key, prompts in reached.items() if key and len(prompts) > MOST_REACHED}
    ways = {
        id(prompt): _grouped(prompt.cases, _key_of_case)
        for key, prompts in reached.items()
        for prompt in (prompts[:1] if key in many else prompts)
    }

    def key_of(prompt: PromptDiff) -> Hashable:
        reach = _key_of_reach(prompt)
        return reach if reach in many else _key_of_prompt(prompt, ways[id(prompt)])

    groups = _grouped(report.prompts, key_of)
    return tuple(
        DistinctPrompt(
            first,
            tuple(others),
            tuple(
                DistinctCase(case, tuple(each.name for each in alike))
                for case, *alike in ways[id(first)].values()
            ),
            through=shared_via(first) if key in many else (),
        )
        for key, (first, *others) in groups.items()
    )


def risks(report: DiffReport) -> list[tuple[tuple[PromptDiff, ...], Change]]:
    """Each risk once, with all prompts that have it, in the order of the report."""
    groups = _grouped(report.risks, lambda found: (_key_of_change(found[1]), found[1].message))
    return [(tuple(prompt for prompt, _ in found), found[0][1]) for found in groups.values()]


def _grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _key_of_reach(prompt: PromptDiff) -> Hashable:
    """Equal for prompts that one edit of shared files changes in the same way; else None.

    A break, a risk, a waiver, an error and another verdict of a test are about their own prompt.
    """
    files = shared_via(prompt)
    own = any(change.breaking or change.risk or change.waiver for change in prompt.changes)
    cases = any(each.verdicts or each.before_error or each.after_error for each in prompt.cases)
    if not files or own or cases or prompt.state != "changed":
        return None
    codes = Counter((change.code, change.bump, change.warning) for change in prompt.changes)
    return (files, prompt.bump, frozenset(codes.items()))


class Reached(Protocol):
    """An example of the prompts that one edit reaches."""

    @property
    def also(self) -> Sequence[PromptDiff]: ...

    @property
    def through(self) -> Sequence[str]: ...


def reached_by(each: Reached) -> str:
    """The prompts besides the example: `999 more prompts through partials/house.md.j2`."""
    files = some(each.through, 1, "file", name=short)
    return f"{counted(len(each.also), 'more prompt')} through {files}"


def _key_of_prompt(prompt: PromptDiff, ways: Iterable[Hashable]) -> Hashable:
    changes = tuple(_key_of_change(change) for change in prompt.changes)
    return (prompt.state, prompt.bump, prompt.via, changes, frozenset(ways))


def _key_of_change(change: Change) -> Hashable:
    message = "" if change.code in _SEEN_IN_THE_DIFFERENCE else change.message
    witness = change.witness and (change.witness.kind, _value_key(change.witness.value))
    values = (_value_key(change.before), _value_key(change.after))
    rest = (change.risk, change.via, change.waiver)
    return (change.code, change.bump, message, values, witness, *rest)


def _value_key(value: Any) -> str:
    return "" if value is ABSENT else json_text(json_data(value), None)


def _key_of_case(case: CaseDiff) -> Hashable:
    differences = tuple(_key_of_pair(pair) for pair in case.pairs if pair.differs)
    return (differences, case.rest, case.verdicts, case.before_error, case.after_error)


def _key_of_pair(pair: SeenPair) -> Hashable:
    before, after = pair.before, pair.after
    changed = tuple(
        (segment.kind, segment.text.strip("\n") or segment.text)
        for segment in line_difference(_text_of(before), _text_of(after))
        if segment.kind != "same"
    )
    return (before and before.role, after and after.role, changed)


def _text_of(seen: Seen | None) -> str:
    return seen.text if seen else ""


# Why the next version seems smaller than its bump.

_RAISED = {Bump.MAJOR: "minor", Bump.MINOR: "patch"}
"""Before 1.0.0: the number of the version that a change raises."""


def before_1(bump: Bump | None, version: str) -> str:
    """The reason for a `version` below 1.0.0 with another number raised than the bump; or ""."""
    number = _RAISED.get(bump) if bump is not None and version.startswith("0.") else None
    return f"before 1.0.0 this raises the {number} number" if number else ""
