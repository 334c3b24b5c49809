"""Decides whether two templates are equivalent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal

from jinja2 import nodes

from promptops.model.place import Text
from promptops.records import record, replace
from promptops.runtime.template.composition import targets
from promptops.runtime.template.scope import Load
from promptops.runtime.template.template import TemplateError, parse

Sameness = Literal["equal", "form", "moved", "different"]
"""`equal`: all characters of both and of all they use. `form`: only the formatting differs.
`moved`: they name other files with the same content. `different`, or not proved."""

MAX_NAMES = 2_000
"""Limit for templates loaded in one comparison; above it the result is `different`."""

_Loads = tuple[Load, Load]
_Pair = tuple[Text, Text]
_NAMING = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@record(frozen=True, slots=True)
class _Shape:
    """The meaning of a template, apart from the files it names.

    Attributes:
        parts: Its syntax tree without places, as one string.
        named: For each tag that names files, in order, the names; the first existing one is used.
    """

    parts: str
    named: tuple[tuple[str, ...], ...]


def compare_templates(before: Text, load_before: Load, after: Text, load_after: Load) -> Sameness:
    """Compare the texts of two messages, and all that they include, import and extend.

    Unless the result is `different`, both render the same text, or both fail, for all inputs. Two
    things are ignored: trailing newlines, which every message loses, and the limits of work.
    Never raises: two templates that can't be parsed are equal if their sources are.
    """
    loads = load_before, load_after
    moved, rewritten, left = False, before.value != after.value, MAX_NAMES
    waiting = [(_as_sent(before), _as_sent(after))]
    seen: set[tuple[str, str, str, str]] = set()
    while waiting:
        one, other = waiting.pop()
        old, new = _shape(one.value), _shape(other.value)
        left -= len(old.named)
        reached = _reached((one, other), loads, (old, new)) if left >= 0 else None
        if reached is None:
            return "different"
        rewritten = rewritten or one.value != other.value
        moved = moved or old.named != new.named
        # Recursive templates are equal if nothing in the cycle differs.
        fresh = {_key(pair): pair for pair in reached if _key(pair) not in seen}
        seen.update(fresh)
        waiting.extend(fresh.values())
    return "moved" if moved else "form" if rewritten else "equal"


def _as_sent(text: Text) -> Text:
    # No tag covers the newlines after it, so cutting them first gives the same result.
    return replace(text, value=text.value.rstrip("\n"))


def _key(pair: _Pair) -> tuple[str, str, str, str]:
    one, other = pair
    return one.path, one.value, other.path, other.value


def _reached(pair: _Pair, loads: _Loads, shapes: tuple[_Shape, _Shape]) -> list[_Pair] | None:
    """Pairs of the templates that the tags of both sides load; None if the sides differ."""
    old, new = shapes
    if old.parts != new.parts:
        return None
    found: list[_Pair] = []
    for names, other_names in dict.fromkeys(zip(old.named, new.named, strict=True)):
        one = _first(loads[0], pair[0].path, names)
        other = _first(loads[1], pair[1].path, other_names)
        if one is not None and other is not None:
            found.append((one, other))
        elif one is not other or names != other_names:
            return None
    return found


def _first(load: Load, path: str, names: Sequence[str]) -> Text | None:
    return next((text for name in names if (text := load(path, name)) is not None), None)


@lru_cache(maxsize=512)
def _shape(source: str) -> _Shape:
    try:
        tree = parse(source).tree
        named = [node for node in _walk(tree) if isinstance(node, _NAMING)]
        names = tuple(tuple(targets(node.template)) for node in named)
    except TemplateError:
        return _Shape(f"unreadable {source!r}", ())
    return _Shape("\n".join(_text_of(part) for part in _walk(tree)), names)


def _walk(tree: nodes.Node) -> Iterator[Any]:
    """Nodes, lists and values of a tree in order, without places and names of files."""
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            part = _without_outputs(part)
            waiting.extend(reversed(part))
        elif isinstance(part, nodes.Node):
            skipped = ("template",) if isinstance(part, _NAMING) else ()
            waiting.extend(value for _, value in reversed([*part.iter_fields(skipped)]))
        yield part


def _without_outputs(body: Sequence[Any]) -> list[Any]:
    """Statements with each `Output` replaced by its parts, and adjacent texts joined."""
    parts: list[Any] = []
    for node in body:
        for part in node.nodes if isinstance(node, nodes.Output) else (node,):
            last = parts[-1] if parts else None
            if isinstance(part, nodes.TemplateData) and isinstance(last, nodes.TemplateData):
                parts[-1] = nodes.TemplateData(last.data + part.data)
            else:
                parts.append(part)
    return parts


def _text_of(part: Any) -> str:
    """A list as its length, a node as its type, a value as its repr: `1` is not `1.0`."""
    if isinstance(part, list):
        return f"[{len(part)}"
    return type(part).__name__ if isinstance(part, nodes.Node) else repr(part)
