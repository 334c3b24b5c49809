"""CHG601 and CHG602: what the test cases assert, now and before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.diff.equality import equal
from promptops.diff.made import change
from promptops.diff.side import Side
from promptops.model.change import Change
from promptops.model.prompt import Case
from promptops.runtime.canonical import canonical_json

Assertion = Mapping[str, Any]

_AT_MOST = frozenset(("max-chars", "max-tokens", "max-cost", "max-latency"))
"""Assertions whose `value` is a limit: a greater one asserts less."""
_IDENTIFYING = ("type", "path", "role", "transform", "score")


def assertion_changes(before: Side, after: Side) -> Iterator[Change]:
    """What changed about the tests of a prompt: never a reason to release, and yet to look."""
    old = {case.name: case for case in before.prompt.cases}
    new = {case.name: case for case in after.prompt.cases}
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    for was, now in _renamed(old, new, removed, added):
        removed.remove(was)
        added.remove(now)
        yield change("CHG601", "/tests", f"case `{was}` is called `{now}` now")
    if added:
        yield change("CHG601", "/tests", f"cases were added: {_listed(added)}")
    if removed:
        yield change("CHG602", "/tests", f"cases were removed: {_listed(removed)}")
    for name, case in new.items():
        if name in old:
            yield from _of_case(old[name], case)
    yield from _evaluation(before.prompt.evaluation, after.prompt.evaluation)


def _renamed(
    old: Mapping[str, Case], new: Mapping[str, Case], removed: list[str], added: list[str]
) -> list[tuple[str, str]]:
    """Cases that have another name, and else are the same."""
    pairs = ((was, [now for now in added if _same(old[was], new[now])]) for was in removed)
    return [(was, fits[0]) for was, fits in pairs if len(fits) == 1]


def _same(old: Case, new: Case) -> bool:
    fields = ("inputs", "expected", "tags", "rendered", "output")
    return all(equal(getattr(old, name), getattr(new, name)) for name in fields)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"`{name}`" for name in names[:3]) + more


def _of_case(old: Case, new: Case) -> Iterator[Change]:
    where = f"case `{new.name}`"
    if not equal((old.inputs, old.expected, old.tags), (new.inputs, new.expected, new.tags)):
        yield change("CHG601", "/tests", f"{where}: other inputs or data")
    for field in ("rendered", "output"):
        yield from _assertions(
            getattr(old, field), getattr(new, field), "/tests", f"{where}, `{field}`"
        )


def _assertions(
    old: tuple[Assertion, ...], new: tuple[Assertion, ...], path: str, where: str
) -> Iterator[Change]:
    gone, come = _without(old, new), _without(new, old)
    for lost in gone:
        successor = next((each for each in come if _identity(each) == _identity(lost)), None)
        if successor is None:
            facts = {"before": dict(lost)}
            yield change("CHG602", path, f"{where}: `{lost.get('type')}` was removed", **facts)
            continue
        come.remove(successor)
        yield _altered(lost, successor, path, where)
    for each in come:
        facts = {"after": dict(each)}
        yield change("CHG601", path, f"{where}: `{each.get('type')}` was added", **facts)


def _altered(old: Assertion, new: Assertion, path: str, where: str) -> Change:
    tightened = _tightened(old, new)
    word = "tightened" if tightened else "loosened, or asserts something else now"
    message = f"{where}: `{new.get('type')}` was {word}"
    facts = {"before": dict(old), "after": dict(new)}
    return change("CHG601" if tightened else "CHG602", path, message, **facts)


def _tightened(old: Assertion, new: Assertion) -> bool:
    """Whether all that differs asserts more; what can't be told counts as less."""
    return all(
        _is_more(key, old.get(key), new.get(key), str(new.get("type", "")))
        for key in old.keys() | new.keys()
        if not equal(old.get(key), new.get(key))
    )


def _is_more(key: str, old: Any, new: Any, kind: str) -> bool:
    if key == "must":
        return bool(new)
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if key in ("threshold", "weight", "min") and numbers:
        return bool(new > old)
    if numbers and (key == "max" or (key == "value" and kind in _AT_MOST)):
        return bool(new < old)
    return False


def _identity(assertion: Assertion) -> tuple[str, ...]:
    return tuple(str(assertion.get(key, "")) for key in _IDENTIFYING)


def _without(those: tuple[Assertion, ...], others: tuple[Assertion, ...]) -> list[Assertion]:
    """Those of some assertions that are not among others, each as often as it is left over."""
    left = [_written(each) for each in others]
    found = []
    for each in those:
        written = _written(each)
        if written in left:
            left.remove(written)
        else:
            found.append(each)
    return found


def _written(assertion: Assertion) -> str:
    try:
        return canonical_json(dict(assertion))
    except (ValueError, TypeError):
        return repr(assertion)


def _evaluation(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    path = "/evaluation"
    was, now = (tuple(each.get("assertions") or ()) for each in (old, new))
    yield from _assertions(was, now, f"{path}/assertions", "every case")
    for key in sorted((old.keys() | new.keys()) - {"assertions"}):
        before, after = old.get(key), new.get(key)
        if not equal(before, after):
            code = "CHG601" if _is_stricter(key, before, after) else "CHG602"
            facts = {"before": before, "after": after}
            yield change(code, f"{path}/{key}", f"`{key}` of the evaluation differs", **facts)


def _is_stricter(key: str, before: Any, after: Any) -> bool:
    if not (isinstance(before, int | float) and isinstance(after, int | float)):
        return False
    return after > before if key == "repeats" else key == "margin" and after < before
