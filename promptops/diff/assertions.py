"""CHG601 and CHG602: changes in the assertions of the test cases."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from typing import Any

from promptops.diff.changes import change, equal, lookup_key
from promptops.diff.rendering import PromptSide, script_of
from promptops.model.change import Change
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt, Schema
from promptops.plurals import counted, some
from promptops.records import record
from promptops.runtime.request.canonical import canonical_json

Assertion = Mapping[str, Any]

_AT_MOST = frozenset(("max-chars", "max-tokens", "max-cost", "max-latency", "max-turns"))
"""Assertions whose `value` is an upper limit: a greater value asserts less."""
_DEFAULTS: Mapping[str, Any] = {"output": True}
"""Defaults of the keys of the evaluation."""
_IDENTIFYING = ("type", "path", "role", "transform", "score")
_WITHOUT_SCORE = _IDENTIFYING[:-1]


@record(frozen=True, slots=True, kw_only=True)
class _List:
    """The assertions of one list of the newer side.

    Attributes:
        path: The path of its changes.
        words: The owner of the list; each message starts with it.
        place: The place of the list's owner for "", of an assertion for an index such as `/0`.
    """

    path: str
    words: str
    place: Callable[[str], Place]


def assertion_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes in the tests of a prompt; none of them requires a release."""
    old = {case.name: case for case in before.prompt.cases}
    new = {case.name: case for case in after.prompt.cases}
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    for was, now in _renamed(old, new, removed, added):
        removed.remove(was)
        added.remove(now)
        yield change("CHG601", "/tests", f"case `{was}` was renamed to `{now}`")
    if added:
        yield change("CHG601", "/tests", f"cases were added: {_listed(added)}")
    if removed:
        place = after.prompt.locate("/tests", True)
        yield change("CHG602", "/tests", f"cases were removed: {_listed(removed)}", place=place)
    for name, case in new.items():
        if name in old:
            yield from _of_case(old[name], case, after.prompt.inputs)
    yield from _evaluation(before.prompt.evaluation, after.prompt)


def _renamed(
    old: Mapping[str, Case], new: Mapping[str, Case], removed: list[str], added: list[str]
) -> list[tuple[str, str]]:
    """Cases that have another name but are otherwise equal."""
    alike: dict[Hashable, list[str]] = {}
    for now in added:
        alike.setdefault(lookup_key(new[now].inputs), []).append(now)
    pairs = ((was, alike.get(lookup_key(old[was].inputs), ())) for was in removed)
    fitting = (
        (was, [*islice((now for now in names if _same(old[was], new[now])), 2)])
        for was, names in pairs
    )
    return [(was, fits[0]) for was, fits in fitting if len(fits) == 1]


def _same(old: Case, new: Case) -> bool:
    fields = ("inputs", "expected", "tags", "rendered", "output", "conversation")
    turns = [[(script_of(turn), turn.output) for turn in case.turns] for case in (old, new)]
    return all(equal(getattr(old, name), getattr(new, name)) for name in fields) and equal(*turns)


def _listed(names: list[str]) -> str:
    return some([f"`{name}`" for name in names], 3)


def _of_case(old: Case, new: Case, inputs: Schema) -> Iterator[Change]:
    yield from _data(old, new, inputs)
    yield from _turns(old, new)
    for field in ("rendered", "output", "conversation"):
        found = _of_field(new, field, new.at, f"case `{new.name}`")
        yield from _assertions(getattr(old, field), getattr(new, field), found)


def _of_field(case: Case, field: str, owner: str, words: str) -> _List:
    """A list of assertions; `owner` is the JSON pointer of the case or of its turn."""
    return _List(
        path="/tests",
        words=f"{words}, `{field}`",
        place=lambda at: case.locate(f"{owner}/{field}{at}" if at else owner, False),
    )


def _turns(old: Case, new: Case) -> Iterator[Change]:
    """Changes in the turns of a case: after another message it tests something else."""
    words = f"case `{new.name}`"
    for number, (was, now) in enumerate(zip(old.turns, new.turns, strict=False), start=1):
        before, after = script_of(was), script_of(now)
        if before != after:
            message = f"{words}: turn {number} says something else"
            yield change("CHG602", "/tests", message, place=new.locate(now.at, False))
        found = _of_field(new, "output", now.at, f"{words}, turn {number}")
        yield from _assertions(was.output, now.output, found)
    more = len(new.turns) - len(old.turns)
    if more > 0:
        yield change("CHG601", "/tests", f"{words}: {counted(more, 'turn')} added")
    elif more < 0:
        place = new.locate(new.at, False)
        yield change("CHG602", "/tests", f"{words}: {counted(-more, 'turn')} removed", place=place)


def _data(old: Case, new: Case, inputs: Schema) -> Iterator[Change]:
    """Changes in the data of a case: with different inputs it tests something else."""
    words = f"case `{new.name}`"
    if old.expected is not None and not equal(old.expected, new.expected):
        facts = {"before": old.expected, "after": new.expected, "place": _key(new, "expected")}
        yield change("CHG602", "/tests", f"{words}: `expected` differs", **facts)
    altered = _altered_inputs(old, new, inputs)
    if altered:
        message = f"{words}: different values of {_listed(altered)}"
        yield change("CHG602", "/tests", message, place=_key(new, "inputs"))
    elif not equal((old.inputs, old.tags), (new.inputs, new.tags)) or (
        old.expected is None and new.expected is not None
    ):
        yield change("CHG601", "/tests", f"{words}: more inputs or other tags")


def _key(case: Case, key: str) -> Place:
    return case.locate(f"{case.at}/{key}", True)


def _altered_inputs(old: Case, new: Case, inputs: Schema) -> list[str]:
    """The inputs with another value, except inputs that the prompt no longer declares."""
    declared = inputs.get("properties") or {}
    return [
        name
        for name, value in old.inputs.items()
        if (not equal(value, new.inputs[name]) if name in new.inputs else name in declared)
    ]


def _assertions(
    old: Sequence[Assertion], new: Sequence[Assertion], found: _List
) -> Iterator[Change]:
    departed, arrived = _without(old, new), _without(new, old)
    for lost in (old[index] for index in departed):
        successor = _successor(lost, new, arrived)
        if successor is None:
            facts = {"before": dict(lost), "place": found.place("")}
            message = f"{found.words}: `{lost.get('type')}` was removed"
            yield change("CHG602", found.path, message, **facts)
            continue
        arrived.remove(successor)
        yield _altered(lost, new[successor], found, found.place(f"/{successor}"))
    for index in arrived:
        facts = {"after": dict(new[index]), "place": found.place(f"/{index}")}
        message = f"{found.words}: `{new[index].get('type')}` was added"
        yield change("CHG601", found.path, message, **facts)


def _successor(lost: Assertion, new: Sequence[Assertion], arrived: Sequence[int]) -> int | None:
    """The index of the assertion that replaces it; a contract that became a measure is the same."""
    for keys in (_IDENTIFYING, _WITHOUT_SCORE):
        for index in arrived:
            if _identity(new[index], keys) == _identity(lost, keys):
                return index
    return None


def _altered(old: Assertion, new: Assertion, found: _List, place: Place) -> Change:
    tightened = _tightened(old, new)
    word = "tightened" if tightened else "loosened or replaced"
    message = f"{found.words}: `{new.get('type')}` was {word}"
    facts = {"before": dict(old), "after": dict(new), "place": place}
    return change("CHG601" if tightened else "CHG602", found.path, message, **facts)


def _tightened(old: Assertion, new: Assertion) -> bool:
    """Whether every difference makes the assertion stricter; an undecidable one does not."""
    return all(
        _is_more(key, old.get(key), new.get(key), str(new.get("type", "")))
        for key in old.keys() | new.keys()
        if not equal(old.get(key), new.get(key))
    )


def _is_more(key: str, old: Any, new: Any, kind: str) -> bool:
    """Negation reverses the direction. A weight never counts: it shifts the whole score."""
    if key == "must":
        return bool(new)
    if key == "allow":
        return set(new or ()) < set(old or ())
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if not numbers or kind.startswith("not-"):
        return False
    if key in ("threshold", "min"):
        return bool(new > old)
    return (key == "max" or (key == "value" and kind in _AT_MOST)) and bool(new < old)


def _identity(assertion: Assertion, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(assertion.get(key, "")) for key in keys)


def _without(those: Sequence[Assertion], others: Sequence[Assertion]) -> list[int]:
    """The indices of assertions that the other list lacks; duplicates count."""
    left = [_canonical(assertion) for assertion in others]
    found = []
    for index, each in enumerate(those):
        canonical = _canonical(each)
        if canonical in left:
            left.remove(canonical)
        else:
            found.append(index)
    return found


def _canonical(assertion: Assertion) -> str:
    try:
        return canonical_json(dict(assertion))
    except (ValueError, TypeError):
        return repr(assertion)


def _evaluation(old: Mapping[str, Any], prompt: Prompt) -> Iterator[Change]:
    path, new = "/evaluation", prompt.evaluation
    was, now = (tuple(each.get("assertions") or ()) for each in (old, new))
    found = _List(
        path=f"{path}/assertions",
        words="every case",
        place=lambda at: prompt.locate(f"{path}/assertions{at}", not at),
    )
    yield from _assertions(was, now, found)
    for key in sorted((old.keys() | new.keys()) - {"assertions"}):
        default = _DEFAULTS.get(key)
        before, after = old.get(key, default), new.get(key, default)
        if not equal(before, after):
            code = "CHG601" if _is_stricter(key, before, after) else "CHG602"
            facts = {
                "before": before,
                "after": after,
                "place": prompt.locate(f"{path}/{key}", True),
            }
            yield change(code, f"{path}/{key}", f"`{key}` of the evaluation differs", **facts)


def _is_stricter(key: str, before: Any, after: Any) -> bool:
    if key == "output":
        return after is not False
    if key == "probes":
        return _accepts_less(before or {}, after or {})
    if not (isinstance(before, int | float) and isinstance(after, int | float)):
        return False
    return after > before if key == "repeats" else key == "margin" and after < before


def _accepts_less(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether new `probes` fail whenever the old ones do: no rule is weaker, removed or changed."""
    kept = all(set(before.get(key, ())) <= set(after.get(key, ())) for key in ("must", "tools"))
    accepted = set(after.get("accept", ())) <= set(before.get("accept", ()))
    limit = after.get("max", inf) <= before.get("max", inf)
    return kept and accepted and limit and before.get("decision") in (None, after.get("decision"))
