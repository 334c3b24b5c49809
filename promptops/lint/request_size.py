"""Finds inputs without a size limit, and estimates the tokens and the cost of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from promptops.analysis import tokens
from promptops.analysis.uses import ITEM, Item, Path, Step, Use
from promptops.json_pointer import MAX_REFERENCES, escaped, local_pointer, referred
from promptops.json_pointer import tokens as pointer_tokens
from promptops.lint.prompt_model import PromptModel
from promptops.lint.subject import PromptFacts, RenderedCase, TemplateScope, messages
from promptops.model.prompt import (
    Case,
    ConversationHistory,
    ForEach,
    MediaPart,
    Prompt,
    Request,
    Schema,
)
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.limits import cached_by_size

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
        schema, steps = referred(part.schema, self._root), pointer_tokens(pointer)
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


# Estimates the tokens and the cost of a request.

CHARS_PER_TOKEN = 4
"""Characters per token assumed for unknown values."""


MAX_TOKENS_A_BYTE = 1.3
"""An upper bound of every estimate."""

# The cases of a prompt usually differ in only one message.
estimate = cached_by_size(16_000_000)(tokens.estimate)


def tokens_at_most(request: Request) -> int:
    """An upper bound of `request_tokens`, cheap to compute."""
    texts = (len(text.encode()) for message in request.messages for text in _texts(message))
    structure = sum(len(json.dumps(part)) for part in _structure(request))
    return ceil((sum(texts) + structure) * MAX_TOKENS_A_BYTE)


def request_tokens(request: Request) -> int:
    """Tokens of all messages, the tools and the output schema, without media."""
    texts = sum(estimate(text) for message in request.messages for text in _texts(message))
    return texts + _structure_tokens(request)


def requests_of_cases(renders: Iterable[RenderedCase]) -> Iterator[tuple[Case, Request]]:
    """The request of each rendered case; with turns that of the last one, without the answers."""
    for rendered in renders:
        if rendered.traced is None:
            continue
        case, request = rendered.case, rendered.traced.request
        said = tuple({"role": "user", "content": text} for text in _scripted(case))
        yield case, replace(request, messages=(*request.messages, *said)) if said else request


def _scripted(case: Case) -> Iterator[str]:
    """What users and tools say in the turns of a case."""
    for turn in case.turns:
        yield from (result.text for result in turn.results)
        if isinstance(turn.user, str):
            yield turn.user


def worst_tokens(subject: PromptFacts) -> int | None:
    """Tokens if every input is as large as its schema allows; None if one has no limit.

    A value counts one token for four characters.
    """
    prompt, files = subject.prompt, subject.catalog.files
    if prompt is None or any(unbounded_inputs(prompt, subject.scopes, files.defines)):
        return None
    bounds = Bounds(prompt.inputs, files.defines)
    inputs = {name: largest_input(bounds, name) for name in prompt.inputs.get("properties") or {}}
    inputs |= dict.fromkeys(_media_inputs(prompt), "data:,")
    if characters(inputs) > MAX_CHARS:
        return characters(inputs) // CHARS_PER_TOKEN
    open_prompt = replace(prompt, inputs={"type": "object"})
    try:
        renderer = Renderer(open_prompt, subject.catalog.load, files.data)
        return _traced_tokens(renderer.trace(inputs))
    except RenderError:
        return None


def cost_usd(model: PromptModel, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars of one request without caching; None if the input price is not known."""
    if model.input_usd is None:
        return None
    return (input_tokens * model.input_usd + output_tokens * (model.output_usd or 0)) / 1_000_000


def _traced_tokens(traced: TracedRequest) -> int:
    written = values = 0
    for text in traced.texts:
        literal = "".join(piece.text for piece in text.pieces if piece.literal)
        written += estimate(literal)
        values += sum(len(piece.text) for piece in text.pieces) - len(literal)
    rendered = {text.message for text in traced.texts}
    for index, message in enumerate(traced.request.messages):
        if index not in rendered:
            values += sum(map(len, _texts(message)))
    return written + ceil(values / CHARS_PER_TOKEN) + _structure_tokens(traced.request)


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else ()
    return [part["text"] for part in parts if isinstance(part, Mapping) and "text" in part]


def _structure_tokens(request: Request) -> int:
    """Tokens of tools and the output schema, which providers add to the prompt."""
    parts = _structure(request)
    return sum(estimate(json.dumps(part, ensure_ascii=False)) for part in parts)


def _structure(request: Request) -> list[Any]:
    schema = (request.response_format or {}).get("schema")
    return [*request.tools, *([schema] if schema is not None else [])]


def _media_inputs(prompt: Prompt) -> list[str]:
    return [
        part.value
        for message, _ in messages(prompt)
        for part in message.parts
        if isinstance(part, MediaPart) and part.origin == "input"
    ]


MAX_CHARS = 1_000_000
"""The limit of characters; a larger value is cut to about this size."""

_CUT_ANYWAY = 4_000
"""Characters assumed for an unlimited string that the template truncates."""

_PATTERN_CHARS = 64
_MEDIA = "data:,"


def largest_input(bounds: Bounds, name: str) -> Any:
    """Approximately the largest value of an input; it may not be valid for the schema."""
    part = bounds.input(name)
    return None if part is None else _largest(bounds, part, 0)


def characters(value: Any) -> int:
    """The characters of all strings and numbers in a value, counted at each occurrence."""
    sizes: dict[int, int] = {}

    def count(item: Any) -> int:
        if isinstance(item, Mapping):
            return 1 + sum(count(each) for each in item.values())
        if isinstance(item, list):  # all items are the same object
            return len(item) * sizes.setdefault(id(item), max(count(item[0]), 1) if item else 0)
        return len(item) if isinstance(item, str) else len(json.dumps(item))

    return count(value)


def _largest(bounds: Bounds, part: SchemaPart, depth: int) -> Any:
    values = [
        _largest_alternative(bounds, alternative, depth)
        for alternative in bounds.alternatives(part)
    ]
    return max(values, key=characters, default="")


def _largest_alternative(bounds: Bounds, alternative: SchemaPart, depth: int) -> Any:
    schema = alternative.schema
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return max(schema["enum"], key=lambda value: len(json.dumps(value)))
    found = [
        _largest_of_type(bounds, alternative, name, depth)
        for name in types_of(schema) or ("object",)
    ]
    return max(found, key=characters)


def _largest_of_type(bounds: Bounds, alternative: SchemaPart, name: str, depth: int) -> Any:
    if name == "string":
        return _text(alternative.schema)
    if name in ("integer", "number"):
        return max(
            alternative.schema.get("maximum", 1_000_000), alternative.schema.get("minimum", 0)
        )
    if name in ("boolean", "null"):
        return name == "boolean" or None
    if depth > 8:
        return ""
    if name == "array":
        items = [_largest(bounds, child, depth + 1) for child in children(alternative)]
        count = min(alternative.schema.get("maxItems", len(items)), 10_000)
        return [max(items, key=characters, default="")] * count
    named = (alternative.schema.get("properties") or {}).keys()
    return {
        key: _largest(bounds, child, depth + 1)
        for key in named
        for child in children(alternative, key)
    }


def _text(schema: Mapping[str, Any]) -> str:
    if "contentMediaType" in schema:
        return _MEDIA
    chars = schema.get("maxLength", FORMAT_CHARS.get(schema.get("format", "")))
    if chars is None:
        chars = _PATTERN_CHARS if "pattern" in schema else _CUT_ANYWAY
    return "x" * int(min(chars, MAX_CHARS + 1))
