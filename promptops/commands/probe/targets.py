"""The untrusted texts of a prompt, where attacks are written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from promptops.json_pointer import pointer_to
from promptops.model.probe import Slot
from promptops.model.probe_run import SkippedProbe
from promptops.model.prompt import Case, Prompt
from promptops.plurals import some
from promptops.records import record
from promptops.runtime.request.inputs import dotted
from promptops.runtime.request.schema_refs import followed

BASE = "probe-base"
"""The tag of the test case that is attacked, if it is not the first one with the input."""

_LONG = 200
_DOCUMENT = 1_000
"""A text whose `maxLength` is at least this is a document."""

_NAMED = 3
_DEEPEST = 8
_ITEM = 0
"""The first item of a list is attacked."""
_MARK = "x-untrusted"
_NOT_FREE = ("const", "enum", "format", "pattern", "contentEncoding", "contentMediaType")
_MIXED = ("allOf", "anyOf", "oneOf")

Path = tuple[str | int, ...]
"""Keys and indexes into the inputs."""


@record(frozen=True, slots=True, kw_only=True)
class Target:
    """An untrusted text in the inputs of a test case.

    Attributes:
        input: Its name, such as `passages.0.text`.
        at: JSON pointer of the input in the prompt file.
        case: The case whose other inputs are used.
        path: From the inputs of the case to the text.
        slots: The kinds of probes that fit.
        longest: `maxLength`; None for no limit.
    """

    input: str
    at: str
    case: Case
    path: Path
    text: str
    slots: frozenset[Slot]
    longest: int | None


def targets(prompt: Prompt) -> Iterator[Target | SkippedProbe]:
    """The attacked texts, in the order of the schema; and the inputs that can't be attacked."""
    cases = sorted(prompt.cases, key=lambda case: BASE not in case.tags)
    for path, schema in _untrusted(prompt.inputs, prompt.inputs, (), _DEEPEST):
        yield _target(prompt, path, schema, cases)


def why_unfit(slots: Collection[Slot], aims: Sequence[Target]) -> str:
    """Why no probe for such inputs fits an attacked text."""
    kinds = ["an item of a list"] if "list" in slots else []
    if "document" in slots:
        limits = some([f"`{aim.input}` has {aim.longest:,}" for aim in aims], _NAMED)
        kinds.insert(0, f"a document (`maxLength` of at least {_DOCUMENT:,}; {limits})")
    return f"no untrusted input is {' or '.join(kinds)}"


def _untrusted(schema: Any, root: Any, path: Path, depth: int) -> Iterator[tuple[Path, Any]]:
    """The parts of a schema that are marked, each once: not the parts below them."""
    own = followed(schema, root)
    if own.get(_MARK) is True and path:
        yield path, own
    elif depth:
        for step, below in _children(own, is_marked=own.get(_MARK) is True):
            yield from _untrusted(below, root, (*path, *step), depth - 1)


def _children(schema: Mapping[str, Any], *, is_marked: bool) -> Iterator[tuple[Path, Any]]:
    """The schemas of the values below a value, and of the value itself."""
    mark = {_MARK: True} if is_marked else {}
    properties = schema.get("properties")
    for name, below in properties.items() if isinstance(properties, Mapping) else ():
        yield (name,), {**below, **mark} if isinstance(below, Mapping) else below
    if isinstance(schema.get("items"), Mapping):
        yield (_ITEM,), {**schema["items"], **mark}
    for keyword in _MIXED:
        yield from (((), below) for below in schema.get(keyword) or ())


def _target(prompt: Prompt, path: Path, schema: Any, cases: list[Case]) -> Target | SkippedProbe:
    for case in cases:
        value = _value(case.inputs, path)
        found = _longest_text(schema, value, prompt.inputs, path) if value is not None else None
        if found is not None:
            return _of_case(path, case, *found)
    name = dotted(pointer_to(path))
    if not _may_be_text(schema, prompt.inputs, _DEEPEST):
        return SkippedProbe(prompt=prompt.id, input=name, why="it can't hold free text")
    fix = "no test case fills it" if cases else "there are no test cases: add one that fills it"
    return SkippedProbe(prompt=prompt.id, input=name, why=fix)


def _of_case(path: Path, case: Case, text_path: Path, schema: Mapping[str, Any]) -> Target:
    longest = schema.get("maxLength")
    slots: set[Slot] = {"any"}
    if longest is None or longest >= _DOCUMENT:
        slots.add("document")
    if any(isinstance(step, int) for step in text_path):
        slots.add("list")
    return Target(
        input=dotted(pointer_to(text_path)),
        at=f"/inputs/properties{pointer_to(path[:1])}",
        case=case,
        path=text_path,
        text=_value(case.inputs, text_path),
        slots=frozenset(slots),
        longest=longest,
    )


def _longest_text(
    schema: Any, value: Any, root: Any, path: Path
) -> tuple[Path, Mapping[str, Any]] | None:
    """The first long text of a value, else the one with the greatest `maxLength`."""
    found = list(_texts(followed(schema, root), value, root, path, _DEEPEST))
    long = (each for each in found if _limit(each[1]) >= _LONG)
    return next(long, max(found, key=lambda each: _limit(each[1]), default=None))


def _texts(
    schema: Mapping[str, Any], value: Any, root: Any, path: Path, depth: int
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if isinstance(value, str):
        if value and _is_free(schema):
            yield path, schema
    elif depth:
        for step, below in _children(schema, is_marked=False):
            child = _value(value, step)
            if child is not None:
                yield from _texts(followed(below, root), child, root, (*path, *step), depth - 1)


def _may_be_text(schema: Any, root: Any, depth: int) -> bool:
    own = followed(schema, root)
    kinds = own.get("type")
    if "string" in ([kinds] if isinstance(kinds, str) else kinds or ()):
        return _is_free(own)
    below = (child for _, child in _children(own, is_marked=False)) if depth else ()
    return any(_may_be_text(child, root, depth - 1) for child in below)


def _is_free(schema: Mapping[str, Any]) -> bool:
    return not any(keyword in schema for keyword in _NOT_FREE)


def _limit(schema: Mapping[str, Any]) -> float:
    longest = schema.get("maxLength")
    return float("inf") if longest is None else float(longest)


def _value(value: Any, path: Path) -> Any:
    """The value at a path, or None."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, (list, tuple)) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value
