"""Finds strings and lists without a size limit in the schema of an input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.analysis.uses import ITEM, Item, Path, Step, Use
from promptops.json_pointer import escaped, tokens
from promptops.lint.subject import TemplateScope
from promptops.model.prompt import ConversationHistory, ForEach, Prompt, Schema
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.request.schema_refs import MAX_REFERENCES, local_pointer, referred

MAX_DEPTH = 12

MAX_STEPS = 10_000
"""Alternatives checked for the inputs of a prompt; chains of `anyOf` double them."""

FORMAT_CHARS = {
    "date": 10,
    "time": 20,
    "date-time": 40,
    "duration": 32,
    "uuid": 36,
    "ipv4": 15,
    "ipv6": 45,
    "email": 254,
    "hostname": 253,
}
"""The length of the longest string of each format that has a limit."""

_CLASS = lazy_pattern(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")


@record(frozen=True, slots=True)
class SchemaPart:
    """A subschema of the inputs' schema.

    Attributes:
        pointer: Its place in the prompt file.
        at: Pointer of its property; for another file's schema, of the property with the `$ref`.
        name: The readable name: `known_issues[].title`.
        outside: Whether it is in another file.
    """

    schema: Any
    pointer: str
    at: str
    name: str
    outside: bool = False


@record(frozen=True, slots=True)
class Unbounded:
    """A string or a list without a size limit.

    Attributes:
        at: JSON pointer of its property in the prompt file.
        lacks: The missing keyword: `maxLength` or `maxItems`.
    """

    name: str
    at: str
    lacks: str


class Bounds:
    """The schema of a prompt's inputs, searched for values without a size limit."""

    def __init__(self, root: Schema, of_file: Callable[[str], bool]) -> None:
        """`of_file`: whether a name under `$defs` is that of a file."""
        self._root = root
        self._of_file = of_file
        self._left = MAX_STEPS

    def input(self, name: str) -> SchemaPart | None:
        """The schema of one input; None if it does not exist."""
        properties = self._root.get("properties") or {}
        at = f"/inputs/properties/{escaped(name)}"
        return SchemaPart(properties[name], at, at, name) if name in properties else None

    def within(self, name: str, path: Path = ()) -> Iterator[Unbounded]:
        """All unbounded strings and lists in a value."""
        seen: set[int] = set()
        for part in self._reached(name, path):
            yield from self._unbounded(part, seen, 0)

    def length(self, name: str, path: Path = ()) -> Iterator[Unbounded]:
        """The list at a path, if its length is unbounded; its items are not checked."""
        for part in self._reached(name, path):
            for alternative in self.alternatives(part):
                if "array" in types_of(alternative.schema) and not is_bounded_list(
                    alternative.schema
                ):
                    yield Unbounded(alternative.name, alternative.at, "maxItems")

    def alternatives(self, part: SchemaPart, depth: int = 0) -> list[SchemaPart]:
        """The alternatives of a schema, each as one flat schema: references and `allOf` merged.

        None after MAX_STEPS.
        """
        self._left -= 1
        part = self._followed(part)
        if not isinstance(part.schema, Mapping) or depth > MAX_DEPTH or self._left < 0:
            return []
        schema = dict(part.schema)
        alternatives = [replace(part, schema=schema)]
        for key in ("allOf", "anyOf", "oneOf"):
            branches = schema.pop(key, None) or ()
            for index, branch in enumerate(branches if key == "allOf" else ()):
                alternatives = self._merged(alternatives, [(index, branch)], key, depth)
            if branches and key != "allOf":
                alternatives = self._merged(alternatives, list(enumerate(branches)), key, depth)
        return alternatives

    def _merged(
        self, alternatives: list[SchemaPart], branches: list[tuple[int, Any]], key: str, depth: int
    ) -> list[SchemaPart]:
        merged: list[SchemaPart] = []
        for alternative in alternatives[:MAX_DEPTH]:
            for index, branch in branches[: max(self._left, 0)]:
                below = replace(
                    alternative, schema=branch, pointer=f"{alternative.pointer}/{key}/{index}"
                )
                merged += [
                    replace(inner, schema={**alternative.schema, **inner.schema})
                    for inner in self.alternatives(below, depth + 1)
                ]
        return merged

    def _followed(self, part: SchemaPart) -> SchemaPart:
        for _ in range(MAX_REFERENCES):
            reference = part.schema.get("$ref") if isinstance(part.schema, Mapping) else None
            pointer = local_pointer(reference)
            if pointer is None:
                return part
            part = self._referred(part, pointer)
        return replace(part, schema=None)

    def _referred(self, part: SchemaPart, pointer: str) -> SchemaPart:
        schema, steps = referred(part.schema, self._root), tokens(pointer)
        if part.outside or (len(steps) > 1 and steps[0] == "$defs" and self._of_file(steps[1])):
            return replace(part, schema=schema, outside=True)
        return replace(part, schema=schema, pointer=f"/inputs{pointer}", at=f"/inputs{pointer}")

    def _reached(self, name: str, path: Path) -> list[SchemaPart]:
        first = self.input(name)
        parts = [first] if first is not None else []
        for step in path:
            alternatives = [
                alternative for part in parts for alternative in self.alternatives(part)
            ]
            parts = [below for alternative in alternatives for below in children(alternative, step)]
        return parts

    def _unbounded(self, part: SchemaPart, seen: set[int], depth: int) -> Iterator[Unbounded]:
        if id(part.schema) in seen or depth > MAX_DEPTH:
            return
        seen.add(id(part.schema))
        for alternative in self.alternatives(part):
            types = types_of(alternative.schema)
            if "string" in types and not is_bounded_text(alternative.schema):
                yield Unbounded(alternative.name, alternative.at, "maxLength")
            if "array" in types and not is_bounded_list(alternative.schema):
                yield Unbounded(alternative.name, alternative.at, "maxItems")
            for below in children(alternative):
                yield from self._unbounded(below, seen, depth + 1)


def children(alternative: SchemaPart, step: Step | None = None) -> Iterator[SchemaPart]:
    """The schemas one step below a flat schema; all of them if the step is None."""
    schema = alternative.schema
    properties = schema.get("properties") or {}
    if isinstance(step, str):
        properties = {step: properties[step]} if step in properties else {}
    if isinstance(step, str) or step is None or isinstance(step, Item):
        for name, below in properties.items():
            yield _named(alternative, below, f"/properties/{escaped(name)}", f".{name}")
    if not isinstance(step, str):
        for index, below in enumerate(schema.get("prefixItems") or ()):
            yield _inner(alternative, below, f"/prefixItems/{index}", "[]")
        if isinstance(schema.get("items"), Mapping):
            yield _inner(alternative, schema["items"], "/items", "[]")
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping) and (step is None or isinstance(step, Item)):
        yield _inner(alternative, more, "/additionalProperties", "[]")


def _named(alternative: SchemaPart, schema: Any, step: str, name: str) -> SchemaPart:
    pointer = f"{alternative.pointer}{step}"
    at = alternative.at if alternative.outside else pointer
    return SchemaPart(schema, pointer, at, alternative.name + name, alternative.outside)


def _inner(alternative: SchemaPart, schema: Any, step: str, name: str) -> SchemaPart:
    return SchemaPart(
        schema,
        f"{alternative.pointer}{step}",
        alternative.at,
        alternative.name + name,
        alternative.outside,
    )


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema names; empty for values listed by `enum` or `const`."""
    if "enum" in schema or "const" in schema:
        return ()
    types = schema.get("type")
    return (types,) if isinstance(types, str) else tuple(types or ())


def is_bounded_text(schema: Schema) -> bool:
    """Whether media, a format or a pattern limit the length of a string."""
    if "maxLength" in schema or "contentMediaType" in schema or "contentEncoding" in schema:
        return True
    return schema.get("format") in FORMAT_CHARS or is_bounded_pattern(schema.get("pattern"))


def is_bounded_list(schema: Schema) -> bool:
    """Whether a schema limits the number of items."""
    return "maxItems" in schema or ("prefixItems" in schema and schema.get("items") is False)


def is_bounded_pattern(pattern: object) -> bool:
    """Whether a pattern covers the whole string and every repetition has a limit."""
    if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")):
        return False
    bare = _CLASS.sub("c", pattern)
    return "|" not in bare and not re.search(r"[*+]|\{\d+,\}", bare)


# Finds inputs without a size limit that reach a message.

_SHORTENING = frozenset(("truncate", "length", "count", "wordcount"))
_ONE_OF_MANY = frozenset(("first", "last", "min", "max"))
_SLICED = lazy_pattern(r"\s*\[[^\[\]:]*:\s*-?\d+\s*(?::[^\[\]:]*)?\]")


def unbounded_inputs(
    prompt: Prompt, scopes: Sequence[TemplateScope], of_file: Callable[[str], bool]
) -> Iterator[Unbounded]:
    """Each unlimited string and list that a model may receive uncut, once."""
    bounds = Bounds(prompt.inputs, of_file)
    yield from dict.fromkeys(_unbounded(prompt, scopes, bounds))


def _unbounded(
    prompt: Prompt, scopes: Sequence[TemplateScope], bounds: Bounds
) -> Iterator[Unbounded]:
    for turn in prompt.messages:
        if isinstance(turn, ForEach) or (
            isinstance(turn, ConversationHistory) and turn.last is None
        ):
            yield from bounds.length(turn.source)
    seen: set[tuple[object, ...]] = set()
    for scope in scopes:
        for use in scope.scope.uses if not scope.condition else ():
            key = (use.name, use.path, use.role, use.filters)
            if use.reached and not _is_cut(use) and key not in seen:
                seen.add(key)
                yield from _unbounded_in_use(use, bounds)


def _unbounded_in_use(use: Use, bounds: Bounds) -> Iterator[Unbounded]:
    if use.role == "loop":
        yield from bounds.length(use.name, use.path)
    elif use.role in ("output", "filtered"):
        one = bool(use.filters) and use.filters[0] in _ONE_OF_MANY
        yield from bounds.within(use.name, (*use.path, ITEM) if one else use.path)


def _is_cut(use: Use) -> bool:
    """Whether a filter or a slice limits the printed or looped value."""
    read = use.path_sites[-1] if use.path_sites else use.site
    return bool(_SHORTENING & set(use.filters)) or any(
        (_SLICED.match(site.text.value, site.end) is not None) for site in (read, *use.aliases)
    )
