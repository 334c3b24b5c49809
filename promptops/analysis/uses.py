"""What a walk over a template finds: uses of inputs, references, definitions, conditions, calls."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Literal

from jinja2 import nodes

from promptops.analysis import spans
from promptops.model.finding import Problem
from promptops.model.place import Place, Text
from promptops.records import record
from promptops.runtime.template.template import parse


class Item(Enum):
    """A step of a path that is no key: any element of an array, any value of a mapping."""

    ITEM = "[]"

    def __repr__(self) -> str:
        return "ITEM"


ITEM = Item.ITEM
Step = str | int | Item
Path = tuple[Step, ...]

Guard = Literal["none", "defined", "default"]
"""`defined`: read only where an `is defined` holds; `default`: a default takes its place."""

Role = Literal["output", "filtered", "test", "guard", "loop", "argument", "alias", "other"]
"""What a value is read for.

output: printed as it is · filtered: printed through filters · test: decides a condition ·
guard: asked only whether it is defined · loop: iterated · argument: of a call or a filter ·
alias: given another name by `set` or `with`, which is not yet a use · other."""

Origin = Literal["input", "branch", "isolated", "unset"]
"""Where a value that nothing in the template defines comes from.

input: the caller · branch: the caller, on those ways on which no `set` of that name ran ·
isolated: nowhere, since a template imported, or included, without context sees no inputs ·
unset: nowhere, whatever is passed (set only later, a macro's argument that was not given, a name
that an imported template lacks)."""


@record(frozen=True, slots=True)
class TemplateSpan:
    """A span of a template: offsets in the text it stands in, end exclusive."""

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
        name: Of the input, also where it is read through another name.
        path: What is read below the input, `ITEM` for an element of a loop.
        site: Of the name as written here, which is another than `name` for an alias.
        path_sites: Of each step, as many as `path`; a loop's element stands at its loop variable.
        guards: How the name and then each step are protected: one more than `path`.
        raises: Rendering fails here when the last step is missing and has no guard.
        filters: Those applied, the first one first.
        aliases: Where the value was taken from its input on the way to the name read here.
        open: A subscript that is no constant follows: what is read is somewhere below `path`.
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
        """That of the value read, the last step."""
        return self.guards[-1]

    @property
    def required(self) -> tuple[bool, ...]:
        """For the name and then each step: whether rendering fails here when it is missing."""
        last = len(self.path)
        return tuple(
            guard == "none" and (index < last or self.raises or self.open)
            for index, guard in enumerate(self.guards)
        )


@record(frozen=True, slots=True, kw_only=True)
class TemplateReference:
    """A template named by another; `target` is None where it is no constant."""

    kind: Literal["include", "import", "from", "extends"]
    target: str | None
    site: TemplateSpan
    stack: Stack
    ignore_missing: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Definition:
    """A name that a template gives a value, which hides an input of that name.

    Attributes:
        from_itself: The value is made of the same name: `set x = x | default("")`.
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
        text: The test as written, white space made even, to compare with another.
        constant: What it always is, as far as literals alone decide it; else None.
        repeats: An earlier test of the same `if` that says the same.
        complete: There is something for when it does not hold: `else`, or another `elif`.
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
        """What is rendered where an `if` or an `elif` holds; None for the other kinds."""
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
"""What is called; `value`: what came from the inputs, or what can't be known, so no function."""


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
    """All that was found from one template on, through everything it reaches.

    Uses come once for each way that leads to them; the others once, with the first way.

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
