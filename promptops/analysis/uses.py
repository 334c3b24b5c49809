"""The facts about a template: uses of inputs, references, definitions, conditions, calls."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Literal

from promptops.analysis import spans
from promptops.model.finding import Problem
from promptops.model.place import Place, Text
from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.template import parse


class Item(Enum):
    """A step of a path that is not a key: any element of an array, any value of a mapping."""

    ITEM = "[]"

    def __repr__(self) -> str:
        return "ITEM"


ITEM = Item.ITEM
Step = str | int | Item
Path = tuple[Step, ...]

Guard = Literal["none", "defined", "default"]
"""`defined`: read only if `is defined` is true; `default`: a default replaces a missing value."""

Role = Literal["output", "filtered", "test", "guard", "loop", "argument", "alias", "other"]
"""The purpose of a read.

output: printed as it is · filtered: printed through filters · test: decides a condition ·
guard: only tested for being defined · loop: iterated · argument: of a call or a filter ·
alias: bound to another name by `set` or `with`, which is not a use yet · other."""

Origin = Literal["input", "branch", "isolated", "unset"]
"""The origin of a value that the template does not define.

input: the caller · branch: the caller, if no `set` of that name ran · isolated: none, since a
template that is imported or included without context has no inputs · unset: none, whatever the
caller passes (set only later, a missing argument of a macro, a name that an imported template
lacks)."""


@record(frozen=True, slots=True)
class TemplateSpan:
    """A span of a template: offsets in its text, 0-based, end exclusive."""

    text: Text
    start: int
    end: int

    @property
    def place(self) -> Place:
        """In the file."""
        return self.text.place(self.start, self.end)

    @property
    def source(self) -> str:
        """The characters of the span."""
        return self.text.value[self.start : self.end]


Stack = tuple[TemplateSpan, ...]
"""The include, import, extends and macro call sites on the way, outermost first."""


@record(frozen=True, slots=True, kw_only=True)
class Use:
    """One read of a value that the caller passes, or that nothing defines.

    Attributes:
        name: Of the input, even if it is read through another name.
        path: The steps below the input, `ITEM` for an element of a loop.
        site: Of the name as written here, which differs from `name` for an alias.
        path_sites: Of each step, as many as `path`; of a loop's element, the loop variable.
        guards: Of the name and then of each step: one more than `path`.
        raises: Rendering fails here if the last step is missing and has no guard.
        filters: The applied filters, in order.
        aliases: The reads of the input that gave the value the name read here.
        open: A subscript that is not a constant follows: the read value is below `path`.
        reached: False in a macro that nothing calls and in a block that nothing renders.
    """

    name: str
    path: Path
    site: TemplateSpan
    path_sites: tuple[TemplateSpan, ...]
    stack: Stack
    guards: tuple[Guard, ...]
    role: Role
    raises: bool
    filters: tuple[str, ...] = ()
    origin: Origin = "input"
    aliases: tuple[TemplateSpan, ...] = ()
    open: bool = False
    reached: bool = True

    @property
    def guard(self) -> Guard:
        """The guard of the read value, the last step."""
        return self.guards[-1]

    @property
    def required(self) -> tuple[bool, ...]:
        """For the name and then each step: whether rendering fails here if it is missing."""
        last = len(self.path)
        return tuple(
            guard == "none" and (index < last or self.raises or self.open)
            for index, guard in enumerate(self.guards)
        )


@record(frozen=True, slots=True, kw_only=True)
class TemplateReference:
    """A template named by another; `target` is None if the name is not a constant."""

    kind: Literal["include", "import", "from", "extends"]
    target: str | None
    site: TemplateSpan
    stack: Stack
    ignore_missing: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Definition:
    """A name that a template gives a value, which hides an input of that name.

    Attributes:
        from_itself: The value is computed from the same name: `set x = x | default("")`.
    """

    kind: Literal["set", "for", "argument", "with", "import", "macro"]
    name: str
    site: TemplateSpan
    stack: Stack
    from_itself: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test that decides what is rendered.

    Attributes:
        text: The test as written, with single spaces, to compare it with another.
        constant: Its value if it consists of literals; else None.
        repeats: An earlier, equal test of the same `if`.
        complete: There is a branch for the false outcome: `else`, or another `elif`.
    """

    kind: Literal["if", "elif", "inline", "filter", "when"]
    site: TemplateSpan
    test: nodes.Node
    text: str
    constant: bool | None
    stack: Stack
    repeats: TemplateSpan | None = None
    complete: bool = False

    @property
    def branch(self) -> TemplateSpan | None:
        """The branch of an `if` or `elif`; None for other kinds."""
        if self.kind not in ("if", "elif"):
            return None
        text = self.site.text
        return TemplateSpan(text, *spans.branch(parse(text.value), self.site.end))


@record(frozen=True, slots=True, kw_only=True)
class Word:
    """A filter, a test, or an attribute, by its name."""

    name: str
    site: TemplateSpan
    stack: Stack


Callee = Literal["macro", "range", "namespace", "loop", "block", "value"]
"""The kind of the called object; `value`: an input or an unknown value, so not a function."""


@record(frozen=True, slots=True, kw_only=True)
class Call:
    """A call.

    Attributes:
        callee: What is called, as written.
        site: Of the callee; of a method, of its name alone.
    """

    kind: Callee
    callee: str
    site: TemplateSpan
    stack: Stack
    node: nodes.Call


@record(frozen=True, slots=True, kw_only=True)
class TemplateFacts:
    """All facts about a template and the templates that it reaches.

    Uses appear once for each stack that leads to them; other facts once, with the first stack.

    Attributes:
        private: Attributes that begin with `_`.
        problems: TPL001 and TPL005 of this and of reached templates, TPL003, REP002.
    """

    uses: tuple[Use, ...] = ()
    references: tuple[TemplateReference, ...] = ()
    definitions: tuple[Definition, ...] = ()
    conditions: tuple[Condition, ...] = ()
    filters: tuple[Word, ...] = ()
    tests: tuple[Word, ...] = ()
    calls: tuple[Call, ...] = ()
    private: tuple[Word, ...] = ()
    problems: tuple[Problem, ...] = ()

    def names(self) -> Iterator[str]:
        """Each input that is read, once, in the order of the first read."""
        return iter(dict.fromkeys(use.name for use in self.uses))
