"""The state of a rendering: names, template, and remaining work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from promptops.model.place import Text
from promptops.records import field, record
from promptops.runtime.template.limits import Meter

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

    def __init__(self, names: dict[str, Any], parent: Scope | None, run: Run, frame: Frame) -> None:
        self.unset: frozenset[str] = _NO_NAMES
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
        scope = Scope({} if names is None else names, self, self.run, self.frame)
        scope.unset = unset
        return scope

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
