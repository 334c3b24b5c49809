"""Render one template, without importing Jinja for texts that don't need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.runtime.template.limits import (
    MAX_OUTPUT_CHARS,
    MAX_TEMPLATE_CHARS,
    Meter,
    cached_by_size,
)

Load = Callable[[str, str], Text | None]
"""From the path of a template and the name it includes to the included text, or None."""


@record(frozen=True, slots=True)
class Frame:
    """A template that is being rendered, and the place in another one that called it.

    Attributes:
        parent, start, end: The template that included or called this one, and the offsets of the
            name it used; parent is None for the text of a message.
        depth: The number of nested includes; 0 for the text of a message.
    """

    text: Text
    parent: Frame | None = None
    start: int = 0
    end: int = 0
    depth: int = 0


@record(frozen=True, slots=True)
class Piece:
    """A run of rendered characters, and its source.

    Attributes:
        start, end: Offsets in the text of the frame's template.
        literal: Whether the characters are literal text of the template; otherwise they are the
            value of the expression there.
    """

    text: str
    frame: Frame
    start: int
    end: int
    literal: bool


class TracedText(str):
    """A captured text (of a macro, of a block `set`) that keeps its pieces."""

    __slots__ = ("pieces",)
    pieces: tuple[Piece, ...]


@record(slots=True)
class Run:
    """The rendering of one request: its texts and conditions, one after the other.

    Attributes:
        meter: The remaining work for all of them together.
        traced: Whether to keep pieces and branches, not only text.
        branches: The branches taken: the text, the offset of the tag, and a word for the branch.
        site: The frame and the offsets of the current call.
        context: The context of Jinja's filters; created when the first filter is applied.
    """

    load: Load
    traced: bool = False
    meter: Meter = field(default_factory=Meter)
    branches: set[tuple[Text, int, str]] = field(default_factory=set)
    site: tuple[Frame, int, int] | None = None
    macro_depth: int = 0
    context: Any = None


class Blocks:
    """The blocks of a template and of those it extends.

    Attributes:
        top: The scope outside all loops and similar: the scope of a block that is not `scoped`.
        definitions: By name, innermost first.
    """

    __slots__ = ("definitions", "top")

    def __init__(self, top: Scope, definitions: dict[str, list[Any]] | None = None) -> None:
        self.top = top
        self.definitions: dict[str, list[Any]] = {} if definitions is None else definitions


_NO_NAMES: frozenset[str] = frozenset()


class Scope:
    """Names, and the enclosing scope.

    Attributes:
        depth: The number of enclosing scopes; a name may be searched in all of them.
        blocks: Those of the rendered template and of those it extends; shared by all scopes.
        unset: Names that this scope sets: until then they have no value, even if an enclosing scope
            has one.
    """

    __slots__ = ("blocks", "depth", "frame", "names", "parent", "run", "unset")

    def __init__(
        self,
        names: dict[str, Any],
        parent: Scope | None,
        run: Run,
        frame: Frame,
        unset: frozenset[str] = _NO_NAMES,
    ) -> None:
        self.unset = unset
        self.names = names
        self.parent = parent
        self.run = run
        self.frame = frame
        if parent is None:
            self.blocks: Blocks = Blocks(self)
            self.depth = 0
        else:
            self.blocks = parent.blocks
            self.depth = parent.depth + 1

    def inner(
        self, names: dict[str, Any] | None = None, unset: frozenset[str] = _NO_NAMES
    ) -> Scope:
        return Scope({} if names is None else names, self, self.run, self.frame, unset)

    def exposed(self) -> Scope:
        """This scope for an included template or a block: only names that have a value."""
        if not any(scope.unset for scope in self.outward()):
            return self
        parent = None if self.parent is None else self.parent.exposed()
        scope = Scope(self.names, parent, self.run, self.frame)
        scope.blocks = self.blocks
        return scope

    def outward(self) -> Iterator[Scope]:
        """This scope and the enclosing ones."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


class TemplateFailure(Exception):
    """A template that failed while it was rendered.

    Attributes:
        message: Lower case, no full stop.
        frame, start, end: The place: a template, and the offsets in its text.
        refused: Whether it exceeded a limit, rather than used a missing value.
    """

    def __init__(
        self, message: str, frame: Frame, start: int, end: int, refused: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.frame = frame
        self.start = start
        self.end = end
        self.refused = refused


# Render one template, without importing Jinja for texts that don't need it.
#
# Texts whose every tag is a plain `{{ name }}` have a fast path. It renders only what it fully
# supports. Everything else (a missing input, a list that would be printed, a result that is too
# long) is left to the evaluator, so that both paths have the same results and errors.

_TAG = lazy_pattern(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
# Jinja's keywords, and names that exist in a template without an input.
RESERVED = frozenset(
    str.split("and else false False if in is none None not or self super true True loop caller")
)
_PRINTED_AS_THEY_ARE = frozenset((int, float, bool, type(None)))
_MAX_TAGS = 1_000
_MAX_CACHED_BYTES = 16_000_000

Parts = tuple[str, ...]
"""The parts of a template: texts at even indexes, names at odd ones."""


def is_template(text: str) -> bool:
    """Whether a text contains anything that Jinja would not print unchanged."""
    return "{{" in text or "{%" in text or "{#" in text


def substituted(source: str, names: Mapping[str, Any]) -> str | None:
    """The rendered text, or None if the evaluator must render it."""
    parts = parts_of(source)
    return None if parts is None else filled(parts, names)


def filled(parts: Parts, names: Mapping[str, Any]) -> str | None:
    """The same for a template that is already split into parts."""
    texts = list(parts)
    for index in range(1, len(parts), 2):
        value = names.get(parts[index], names)
        if type(value) is not str:
            if type(value) not in _PRINTED_AS_THEY_ARE:
                return None
            value = str(value)
        texts[index] = value
    text = "".join(texts)
    return text if len(text) <= MAX_OUTPUT_CHARS else None


@cached_by_size(_MAX_CACHED_BYTES)
def parts_of(source: str) -> Parts | None:
    """The parts of a template; None for a template of another kind."""
    if len(source) > MAX_TEMPLATE_CHARS or source.count("{{") > _MAX_TAGS:
        return None
    if "{%" in source or "{#" in source or "\r" in source:
        return None
    parts = _TAG.split(source)
    literals, names = parts[::2], parts[1::2]
    # In `{{{ name }}` the tag begins with the first two braces, so `{ name` is not a name.
    if any("{{" in text or text.endswith("{") for text in literals):
        return None
    if RESERVED.intersection(names):
        return None
    return tuple(parts)


def render_text(text: Text, names: dict[str, Any], run: Run) -> str:
    """Render a template; raises TemplateFailure.

    `names` is JSON data, already copied by `data.json_copy`.
    """
    short = substituted(text.value, names) if is_template(text.value) else text.value
    if short is not None and run.meter.covers(2 + (len(short) >> 3)):
        return short
    from promptops.runtime.template.template_program import rendered

    return rendered(text, names, run)


def trace_text(text: Text, names: dict[str, Any], run: Run) -> tuple[Piece, ...]:
    """Render a template and keep the source of each run of characters.

    The joined pieces equal the result of `render_text`. `run.branches` collects the branches taken.
    """
    if not is_template(text.value) and run.meter.covers(2 + (len(text.value) >> 3)):
        return (Piece(text.value, Frame(text), 0, len(text.value), True),)
    from promptops.runtime.template.template_program import traced

    return tuple(traced(text, names, run))


def evaluate(text: Text, names: dict[str, Any], run: Run) -> bool:
    """Whether a `when` is true; raises TemplateFailure."""
    from promptops.runtime.template.template_program import holds

    return holds(text, names, run)
