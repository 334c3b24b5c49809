"""The conditions under which each branch of a prompt's templates is rendered.

Read once for a prompt, without rendering: through includes, parents and macros, with the values
that names may have. What is read is a guess to be tried: only a rendering shows whether a branch is
taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from promptops.analysis.coverage import BranchKey, place_of
from promptops.analysis.uses import ITEM, Path, Step
from promptops.analysis.walk_state import constant_step
from promptops.model.place import Text
from promptops.model.prompt import ForEach, Message, Prompt, TextPart
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.template import nodes
from promptops.runtime.template.template import TemplateError, is_template, parse, parse_expression
from promptops.runtime.template.text_rendering import Load

MAX_DEPTH = 8
"""Templates and macros inside one another."""

MAX_CHAINS = 12
"""Ways to a branch that are kept: a macro may be called from many places."""

_MAX_ALTERNATIVES = 8


@record(frozen=True, slots=True)
class InputPath:
    """A value below the inputs: the name of an input, and steps."""

    name: str
    steps: Path = ()

    def step(self, step: Step) -> InputPath:
        """The value below it."""
        return InputPath(self.name, (*self.steps, step))


@record(frozen=True, slots=True)
class Test:
    """An expression that must be true, or false, for a branch to run."""

    __test__ = False  # its name would make pytest collect it

    node: nodes.Node
    truth: bool
    scope: Scope


@record(frozen=True, slots=True)
class Level:
    """The tests of one tag that lead to one of its branches; `branch` is None for a `for_each`."""

    tests: tuple[Test, ...]
    branch: BranchKey | None


Chain = tuple[Level, ...]
"""The levels around a branch, outermost first; the last one is its own."""


@record(frozen=True, slots=True)
class Bound:
    """An expression that gives a name its value.

    Attributes:
        chain: The levels under which the name gets this value, below those of its scope.
    """

    node: nodes.Node
    scope: Scope
    chain: Chain = ()


@record(frozen=True, slots=True)
class Looping:
    """The variable `loop`, of a loop over an expression."""

    iterable: nodes.Node
    scope: Scope


@record(frozen=True, slots=True)
class MacroBody:
    """A macro, where it was defined."""

    node: nodes.Macro
    text: Text
    scope: Scope


@record(frozen=True, slots=True)
class Module:
    """The names of an imported template."""

    scope: Scope


Meaning = InputPath | Bound | Looping | MacroBody | Module
Scope = Mapping[str, tuple[Meaning, ...]]
"""The values that names may have; a name that is not in it is an input."""


@record(frozen=True, slots=True)
class TemplateConditions:
    """What the templates of a prompt ask of its inputs.

    Attributes:
        chains: For each branch, the ways to it.
        numbers: Values that are calculated with, or compared with a number.
        mappings: Values whose keys and values are looped over.
        pairs: For lists whose elements are unpacked, the number of names.
    """

    chains: Mapping[BranchKey, Sequence[Chain]]
    numbers: frozenset[InputPath]
    mappings: frozenset[InputPath]
    pairs: Mapping[InputPath, int]

    @property
    def about_loops(self) -> frozenset[BranchKey]:
        """The branches whose own condition asks for the state of a loop, such as `loop.first`."""
        return frozenset(
            key for key, chains in self.chains.items() if any(map(_asks_for_loop, chains))
        )


def _asks_for_loop(chain: Chain) -> bool:
    own = chain[-1].tests if chain else ()
    return any(name.name == "loop" for test in own for name in nodes_in(test.node, nodes.Name))


def conditions_of(prompt: Prompt, load: Load) -> TemplateConditions:
    """Read all templates that the messages of a prompt reach."""
    reader = _BranchReader(load)
    for turn in prompt.messages:
        if isinstance(turn, Message):
            reader.message(turn, {}, ())
        elif isinstance(turn, ForEach):
            items = Level((Test(nodes.Name(0, turn.source), True, {}),), None)
            scope: Scope = {turn.name: (InputPath(turn.source, (ITEM,)),)}
            for message in turn.messages:
                reader.message(message, scope, (items,))
    return TemplateConditions(
        reader.found, frozenset(reader.numbers), frozenset(reader.mappings), reader.pairs
    )


class _BranchReader:
    """Walks templates in order; the scope and the chain are those of the current statement."""

    def __init__(self, load: Load) -> None:
        self.found: dict[BranchKey, list[Chain]] = defaultdict(list)
        self.numbers: set[InputPath] = set()
        self.mappings: set[InputPath] = set()
        self.pairs: dict[InputPath, int] = {}
        self._load = load
        self._text = Text("", "", lambda _: (1, 1))
        self._scope: Scope = {}
        self._chain: Chain = ()
        self._depth = 0
        self._blocks: dict[str, tuple[nodes.Block, Text]] = {}
        self._statements: dict[type, Callable[[Any], None]] = {
            nodes.Output: self._output,
            nodes.If: self._if,
            nodes.For: self._for,
            nodes.Include: self._include,
            nodes.Extends: self._extends,
            nodes.Block: self._block,
            nodes.Import: self._import,
            nodes.FromImport: self._from_import,
            nodes.Macro: self._macro,
            nodes.CallBlock: self._call_block,
            nodes.Assign: self._assign,
            nodes.AssignBlock: self._assign_block,
            nodes.With: self._with,
        }

    def message(self, message: Message, scope: Scope, chain: Chain) -> None:
        chain = self._when(message.when, scope, chain)
        for part in message.parts:
            inner = self._when(part.when, scope, chain)
            if isinstance(part, TextPart):
                self._scope, self._chain, self._blocks = scope, inner, {}
                self._template(part.text)

    def _when(self, when: Text | None, scope: Scope, chain: Chain) -> Chain:
        if when is None:
            return chain
        try:
            output = next(parse_expression(when.value).tree.find_all(nodes.Output))
        except (TemplateError, StopIteration):
            return chain
        test = output.nodes[0]
        self._expression(test, scope)
        self._text, self._scope, self._chain = when, scope, chain
        holds = self._noted(0, "holds", (Test(test, True, scope),))
        self._noted(0, "fails", (Test(test, False, scope),))
        return (*chain, holds)

    def _noted(self, offset: int, direction: str, tests: tuple[Test, ...] = ()) -> Level:
        """Note one way to a branch: the current chain, and the tests of its own tag."""
        branch = (*place_of(self._text, offset), direction)
        level = Level(tests, branch)
        ways = self.found[branch]
        if len(ways) < MAX_CHAINS:
            ways.append((*self._chain, level))
        return level

    # Templates and their bodies.

    def _template(self, text: Text) -> None:
        if self._depth > MAX_DEPTH or not is_template(text.value):
            return
        try:
            tree = parse(text.value).tree
        except TemplateError:
            return
        with self._inside(text):
            for block in tree.find_all(nodes.Block):
                self._blocks.setdefault(block.name, (block, text))
            self._body(tree.body)

    @contextmanager
    def _inside(self, text: Text) -> Any:
        before = self._text
        self._text = text
        self._depth += 1
        yield
        self._depth -= 1
        self._text = before

    def _body(self, statements: Iterable[nodes.Node]) -> None:
        for node in statements:
            handle = self._statements.get(type(node))
            if handle is not None:
                handle(node)
            else:
                self._body(node.children())

    @contextmanager
    def _scoped(self, scope: Scope, chain: Chain) -> Any:
        before = self._scope, self._chain
        self._scope, self._chain = scope, chain
        yield
        self._scope, self._chain = before

    # Branches.

    def _if(self, node: nodes.If) -> None:
        failed: tuple[Test, ...] = ()
        ends: list[tuple[Scope, Level]] = []
        for part in (node, *node.elif_):
            self._expression(part.test, self._scope)
            tests = (*failed, Test(part.test, True, self._scope))
            level = self._noted(part.at, "then", tests)
            ends.append((self._branch(part.body, level), level))
            failed = (*failed, Test(part.test, False, self._scope))
        level = self._noted(node.at, "else", failed)
        ends.append((self._branch(node.else_, level), level))
        self._merge(ends)

    def _branch(self, body: Sequence[nodes.Node], level: Level) -> Scope:
        with self._scoped(self._scope, (*self._chain, level)):
            self._body(body)
            return self._scope

    def _merge(self, ends: Iterable[tuple[Scope, Level]]) -> None:
        """After branches, a name has the value of one of them."""
        scope = dict(self._scope)
        for end, level in ends:
            for name, meanings in end.items():
                if meanings is not self._scope.get(name):
                    new = tuple(_under(level, meaning) for meaning in meanings)
                    before = scope.get(name, (InputPath(name),))
                    scope[name] = (*new, *before)[:_MAX_ALTERNATIVES]
        self._scope = scope

    def _for(self, node: nodes.For) -> None:
        self._expression(node.iter, self._scope)
        inner = {**self._scope, "loop": (Looping(node.iter, self._scope),)}
        inner.update(_elements(node, self._scope))
        if _gives_pairs(node.iter):
            self.mappings.update(paths_of(node.iter, self._scope))
        elif isinstance(node.target, nodes.Tuple):
            for path in paths_of(node.iter, self._scope):
                self.pairs[path] = len(node.target.items)
        items: tuple[Test, ...] = (Test(node.iter, True, self._scope),)
        fitting = items
        if node.test is not None:
            self._expression(node.test, inner)
            self._noted(node.at, "empty", (*items, Test(node.test, False, inner)))
            fitting = (*items, Test(node.test, True, inner))
        taken = self._noted(node.at, "taken", fitting)
        empty = self._noted(node.at, "empty", (Test(node.iter, False, self._scope),))
        with self._scoped(inner, (*self._chain, taken)):
            self._body(node.body)
            end = {name: found for name, found in self._scope.items() if "." in name}
        self._merge([(end, taken)])
        self._branch(node.else_, empty)

    def _output(self, node: nodes.Output) -> None:
        for child in node.nodes:
            self._expression(child, self._scope)

    def _expression(self, node: nodes.Node, scope: Scope) -> None:
        """Enter the macros that an expression calls, and note the numbers that it needs."""
        for each in nodes_in(node, _CALCULATING):
            for operand in _numeric_operands(each):
                self.numbers.update(paths_of(operand, scope))
        for call in nodes_in(node, nodes.Call):
            for meaning in meanings_of(call.node, self._scope):
                if isinstance(meaning, MacroBody):
                    self._enter(meaning, call)

    def _enter(self, macro: MacroBody, call: nodes.Call) -> None:
        if self._depth > MAX_DEPTH:
            return
        scope = {**macro.scope, **_arguments(macro, call, self._scope)}
        with self._inside(macro.text), self._scoped(scope, self._chain):
            self._body(macro.node.body)

    # Names.

    def _assign(self, node: nodes.Assign) -> None:
        self._expression(node.node, self._scope)
        self._bind(node.target, node.node)

    def _bind(self, target: nodes.Node, value: nodes.Node) -> None:
        if isinstance(target, nodes.Tuple):
            if isinstance(value, nodes.Tuple) and len(value.items) == len(target.items):
                for item, own in zip(target.items, value.items, strict=True):
                    self._bind(item, own)
        elif isinstance(target, nodes.NSRef):
            name = f"{target.name}.{target.attr}"
            old = self._scope.get(name, ())
            new = (Bound(value, self._scope, self._chain), *old)
            self._scope = {**self._scope, name: new[:_MAX_ALTERNATIVES]}
        elif isinstance(target, nodes.Name):
            self._scope = {**self._scope, target.name: (Bound(value, self._scope),)}

    def _assign_block(self, node: nodes.AssignBlock) -> None:
        with self._scoped(self._scope, self._chain):
            self._body(node.body)
        self._bind(node.target, nodes.Const(node.at, "text"))

    def _with(self, node: nodes.With) -> None:
        with self._scoped(self._scope, self._chain):
            for target, value in zip(node.targets, node.values, strict=True):
                self._bind(target, value)
            self._body(node.body)

    def _macro(self, node: nodes.Macro) -> None:
        macro = MacroBody(node, self._text, self._scope)
        macro = replace(macro, scope={**self._scope, node.name: (macro,)})
        self._scope = {**self._scope, node.name: (macro,)}

    def _call_block(self, node: nodes.CallBlock) -> None:
        self._expression(node.call, self._scope)
        self._body(node.body)

    # Other templates.

    def _include(self, node: nodes.Include) -> None:
        self._noted(node.at, "included")
        for text in self._named(node.template):
            with self._scoped(self._scope if node.with_context else {}, self._chain):
                self._template(text)

    def _extends(self, node: nodes.Extends) -> None:
        for text in self._named(node.template):
            self._template(text)

    def _block(self, node: nodes.Block) -> None:
        chosen, text = self._blocks.get(node.name, (node, self._text))
        if self._depth <= MAX_DEPTH:
            with self._inside(text), self._scoped(self._scope, self._chain):
                self._body(chosen.body)

    def _import(self, node: nodes.Import) -> None:
        self._scope = {**self._scope, node.target: (Module(self._module(node)),)}

    def _from_import(self, node: nodes.FromImport) -> None:
        module = self._module(node)
        names = (name if isinstance(name, tuple) else (name, name) for name in node.names)
        own = {alias: module[name] for name, alias in names if name in module}
        self._scope = {**self._scope, **own}

    def _module(self, node: nodes.Import | nodes.FromImport) -> Scope:
        for text in self._named(node.template):
            with self._scoped(self._scope if node.with_context else {}, self._chain):
                self._template(text)
                return self._scope
        return {}

    def _named(self, node: nodes.Node) -> list[Text]:
        """The template that a tag names, if it is constant and exists."""
        choices = node.items if isinstance(node, (nodes.List, nodes.Tuple)) else [node]
        named = (choice.value for choice in choices if isinstance(choice, nodes.Const))
        found = (self._load(self._text.path, name) for name in named if isinstance(name, str))
        return [text for text in found if text is not None][:1]


def _under(level: Level, meaning: Meaning) -> Meaning:
    """A value that a name has only in a branch."""
    return (
        replace(meaning, chain=(level, *meaning.chain)) if isinstance(meaning, Bound) else meaning
    )


def _elements(node: nodes.For, scope: Scope) -> Scope:
    """The values of the variables of a loop."""
    paths = paths_of(node.iter, scope)
    target = node.target
    if isinstance(node.iter, (nodes.List, nodes.Tuple)) and isinstance(target, nodes.Name):
        return {target.name: tuple(Bound(item, scope) for item in node.iter.items)}
    if isinstance(target, nodes.Name):
        return {target.name: tuple(_mapped(path.step(ITEM), node.iter) for path in paths)}
    names = [item.name for item in target.find_all(nodes.Name)]
    if _gives_pairs(node.iter) and len(names) == 2:
        return {names[0]: (), names[1]: tuple(path.step(ITEM) for path in paths)}
    return {
        name: tuple(path.step(ITEM).step(index) for path in paths)
        for index, name in enumerate(names)
    }


def _mapped(path: InputPath, iterable: nodes.Node | None) -> InputPath:
    """The attribute of an element that `map(attribute=...)` takes."""
    while isinstance(iterable, nodes.Filter):
        for word in iterable.kwargs if iterable.name == "map" else ():
            if word.key == "attribute" and isinstance(word.value, nodes.Const):
                for step in str(word.value.value).split("."):
                    path = path.step(step)
        iterable = iterable.node
    return path


def _gives_pairs(node: nodes.Node | None) -> bool:
    while isinstance(node, nodes.Filter) and node.name in ("sort", "list", "reverse"):
        node = node.node
    return isinstance(node, nodes.Filter) and node.name in ("items", "dictsort")


def _arguments(macro: MacroBody, call: nodes.Call, scope: Scope) -> Scope:
    names = [arg.name for arg in macro.node.args]
    found: dict[str, tuple[Meaning, ...]] = dict.fromkeys(names, ())
    for name, value in zip(names[::-1], macro.node.defaults[::-1], strict=False):
        found[name] = (Bound(value, macro.scope),)
    words = ((word.key, word.value) for word in call.kwargs)
    for name, value in (*zip(names, call.args, strict=False), *words):
        if name in found:
            found[name] = (Bound(value, scope),)
    return found


_CALCULATING = (
    *(nodes.Binary, nodes.Neg, nodes.Compare),
    *(nodes.Test, nodes.Filter, nodes.Call, nodes.Slice),
)
_OF_NUMBERS = frozenset(("abs", "float", "int", "round", "divisibleby", "even", "odd"))
"""Filters of a number, and tests of one."""
_SIZED = frozenset(("batch", "center", "indent", "round", "slice", "truncate", "wordwrap"))
"""Filters whose first argument is a number."""
_CONVERSION = lazy_pattern(r"%(?:%|[-+ #0]*\d*(?:\.\d+)?([a-zA-Z]))")


def _numeric_operands(node: nodes.Node) -> Sequence[nodes.Node]:
    """The operands of an expression that must be numbers."""
    if isinstance(node, (nodes.Neg, nodes.Slice)):
        return list(node.children())
    if isinstance(node, nodes.Binary):
        sides = [node.left, node.right]
        # `+` also joins texts and lists, `*` repeats them.
        sure = node.op != "+" or any(map(_is_number, sides))
        is_text = any(_text_of(side) is not None for side in sides)
        return sides if sure and not is_text else []
    if isinstance(node, nodes.Compare):
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        ordered = any(operand.op not in ("in", "notin") for operand in node.ops)
        return sides if ordered and any(map(_is_number, sides)) else []
    if isinstance(node, nodes.Call):
        is_range = isinstance(node.node, nodes.Name) and node.node.name == "range"
        return node.args if is_range else []
    assert isinstance(node, (nodes.Filter, nodes.Test))
    if node.name == "format" and (text := _text_of(node.node)) is not None:
        return _formatted(text, node.args)
    own = [node.node] if node.node is not None and node.name in _OF_NUMBERS else []
    return [*own, *(node.args[:1] if node.name in _SIZED else [])]


def _formatted(text: str, values: Sequence[nodes.Node]) -> list[nodes.Node]:
    """The values that a text such as `%s costs %.2f` shows as numbers."""
    kinds = [found[1] for found in _CONVERSION.finditer(text) if found[1]]
    return [value for kind, value in zip(kinds, values, strict=False) if kind not in "sra"]


def _is_number(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and type(node.value) in (int, float)


def _text_of(node: nodes.Node | None) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


# What an expression may be.


def nodes_in(node: nodes.Node, kind: Any) -> Iterator[Any]:
    """The nodes of some kind in an expression, itself included."""
    if isinstance(node, kind):
        yield node
    yield from node.find_all(kind)


_KEEPS = frozenset(
    str.split(
        "default d trim sort list unique reverse lower upper string title capitalize items dictsort"
        " selectattr rejectattr select reject map join int float abs round striptags batch slice"
        " indent wordwrap replace truncate safe tojson"
    )
)
"""Filters whose result depends on the whole value."""


def meanings_of(node: nodes.Node, scope: Scope) -> tuple[Meaning, ...]:
    """What a name, or an attribute of a module or a namespace, may be; without a path."""
    if isinstance(node, nodes.Name):
        return scope.get(node.name, (InputPath(node.name),))
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        own = scope.get(f"{node.node.name}.{node.attr}")
        if own is not None:
            return own
        for meaning in scope.get(node.node.name, ()):
            if isinstance(meaning, Module):
                return meaning.scope.get(node.attr, ())
    return ()


def paths_of(node: nodes.Node | None, scope: Scope, depth: int = 0) -> tuple[InputPath, ...]:
    """The inputs that an expression may be, or is computed from in one step."""
    if node is None or depth > MAX_DEPTH:
        return ()
    found: list[InputPath] = []
    if isinstance(node, nodes.Name) or meanings_of(node, scope):
        for meaning in meanings_of(node, scope):
            if isinstance(meaning, InputPath):
                found.append(meaning)
            elif isinstance(meaning, Bound):
                found += paths_of(meaning.node, meaning.scope, depth + 1)
    elif isinstance(node, nodes.Getattr):
        found += (path.step(node.attr) for path in paths_of(node.node, scope, depth + 1))
    elif isinstance(node, nodes.Getitem):
        step = constant_step(node.arg)
        below = paths_of(node.node, scope, depth + 1)
        found += below if isinstance(node.arg, nodes.Slice) else ()
        found += (path.step(step) for path in below if step is not None)
    elif isinstance(node, nodes.Filter):
        found += _paths_of_filter(node, scope, depth)
    elif isinstance(node, nodes.CondExpr):
        for outcome in (node.expr1, node.expr2):
            found += paths_of(outcome, scope, depth + 1)
    elif isinstance(node, (nodes.Binary, nodes.And, nodes.Or, nodes.Neg, nodes.Concat)):
        for child in node.children():
            found += paths_of(child, scope, depth + 1)
    return tuple(dict.fromkeys(found))[:_MAX_ALTERNATIVES]


def _paths_of_filter(node: nodes.Filter, scope: Scope, depth: int) -> Iterable[InputPath]:
    below = paths_of(node.node, scope, depth + 1)
    if node.name in ("first", "last"):
        return [path.step(0 if node.name == "first" else -1) for path in below]
    return below if node.name in _KEEPS else ()
