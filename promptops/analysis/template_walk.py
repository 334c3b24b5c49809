"""Which inputs a template reads, where, how, and under which guard.

Follows Jinja's semantics with StrictUndefined, through includes, imports, parents, macros and
blocks, without rendering anything. A `TemplateWalk` hands each node to the part that knows its
kind: expressions, filters, names, statements and, in this file, calls and linked templates. The
parts share a position and a collector of facts (`walk_state.py`), and hand inner nodes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from promptops.analysis import spans
from promptops.analysis.expressions import ConditionReader, FilterReader, PathReader
from promptops.analysis.statements import BranchWalker, LoopWalker, NameBinder
from promptops.analysis.uses import (
    Call,
    Callee,
    Path,
    Stack,
    TemplateFacts,
    TemplateReference,
    TemplateSpan,
)
from promptops.analysis.values import (
    KNOWN,
    Block,
    BlockValue,
    Builtin,
    Context,
    Here,
    LoopValue,
    MacroValue,
    ModuleValue,
    NameScope,
    Value,
    ValueSource,
    sources,
    unset,
)
from promptops.analysis.walk_state import (
    ALIAS,
    ARGUMENT,
    LOOP,
    OTHER,
    PASSED,
    TEST,
    FactCollector,
    How,
    Position,
    Visitor,
)
from promptops.model.finding import Problem
from promptops.model.place import Text
from promptops.records import replace
from promptops.runtime.template import nodes
from promptops.runtime.template.node_facts import has_loop
from promptops.runtime.template.template import Template, TemplateError, parse, parse_expression
from promptops.runtime.template.text_rendering import Load

Locals = Mapping[str, tuple[str, Path]]
"""Names that the prompt gives a part of an input: `as example` is `("examples", (ITEM,))`."""


def walk(entry: Text, load: Load, *, locals_: Locals | None = None) -> TemplateFacts:
    """All uses of inputs in a template and in the templates that it reaches; never raises."""
    context = Context(_values_of_locals(entry, locals_ or {}), isolated=False)
    nowhere = nodes.Template(0, ())
    here = Here(entry, Template("", nowhere, ()), context, (), ())
    return TemplateWalk(load, Position(here, NameScope(nowhere, None))).of_template(entry)


def walk_expression(when: Text, *, locals_: Locals | None = None) -> TemplateFacts:
    """The same for a `when`; never raises."""
    try:
        template = parse_expression(when.value)
    except TemplateError as error:
        place = TemplateSpan(when, error.start, error.end).place
        problem = Problem(error.message, at=place, hint=error.hint, code=error.code)
        return TemplateFacts(problems=(problem,))
    here = Here(
        when, template, Context(_values_of_locals(when, locals_ or {}), isolated=False), (), ()
    )
    position = Position(here, NameScope(template.tree, None))
    return TemplateWalk(lambda _path, _target: None, position).of_condition()


class TemplateWalk:
    """One walk: a `Visitor` that dispatches by the class of a node."""

    def __init__(self, load: Load, position: Position) -> None:
        found, entered = FactCollector(), EnteredBodies()
        paths = PathReader(self, position, found)
        filters = FilterReader(self, position, found, paths)
        conditions = ConditionReader(self, position, found)
        names = NameBinder(self, position, found)
        branches = BranchWalker(self, position, conditions)
        loops = LoopWalker(self, position, names, filters, conditions)
        loader = TemplateLoader(load, self, position, found, entered)
        links = TemplateLinks(self, position, loader=loader, names=names, entered=entered)
        calls = CallReader(
            self,
            position,
            found,
            paths=paths,
            names=names,
            loops=loops,
            links=links,
            entered=entered,
        )
        self._position = position
        self._found = found
        self._conditions = conditions
        self._links = links
        self._calls = calls
        self._readers: dict[type, Callable[[Any, How], None]] = {
            **paths.readers,
            **filters.readers,
            **conditions.readers,
            **calls.readers,
        }
        self._takers: dict[type, Callable[[Any, How], Value]] = {
            **paths.takers,
            **filters.takers,
            **conditions.takers,
        }
        self._statements: dict[type, Callable[[Any], None]] = {
            **branches.statements,
            **loops.statements,
            **names.statements,
            **links.statements,
            **calls.statements,
        }

    def of_template(self, entry: Text) -> TemplateFacts:
        """Walk what is rendered, and then, once, the macros and blocks that nothing renders."""
        here = self._position.here
        try:
            self._links.render(entry, here.context, ())
            self._position.move_to_unreached(here)
            self._links.enter_unrendered()
            self._calls.enter_uncalled()
        except RecursionError:
            message = "the template is nested too deep"
            self._found.problem("TPL005", message, TemplateSpan(entry, 0, 1), ())
        return self._found.facts()

    def of_condition(self) -> TemplateFacts:
        """Walk the expression of a `when`."""
        template = self._position.here.template
        for output in template.tree.find_all(nodes.Output):
            test = output.nodes[0]
            self.read(test, TEST)
            self._conditions.collect("when", test, spans.expression(template, test))
        return self._found.facts()

    def read(self, node: nodes.Node, how: How) -> None:
        """Collect the uses of inputs in an expression."""
        reader = self._readers.get(node.__class__)
        if reader is not None:
            reader(node, how)
            return
        for child in node.children():
            self.read(child, OTHER)

    def take(self, node: nodes.Node, how: How) -> Value:
        """Collect the same, and return the possible values, for another name."""
        taker = self._takers.get(node.__class__)
        if taker is not None:
            return taker(node, how)
        # A computed value needs its operands, even if the result is never used.
        self.read(node, OTHER if how.role == "alias" else ARGUMENT if how is PASSED else how)
        return KNOWN

    def body(self, statements: Iterable[nodes.Node]) -> None:
        """Walk statements in order."""
        for node in statements:
            self._statements[node.__class__](node)


def _values_of_locals(entry: Text, locals_: Locals) -> dict[str, Value]:
    start = TemplateSpan(entry, 0, 0)
    visible: dict[str, Value] = {}
    for name, (source, path) in locals_.items():
        value = ValueSource(source, (source,))
        for step in path:
            value = value.step(step, start, (name, step))
        visible[name] = (value,)
    return visible


# Calls, and the bodies they run: macros, call blocks, recursive loops, blocks.

MAX_NESTED_CALLS = 16
"""Nested calls of macros that are followed."""

ANY_MACRO: Value = (Builtin("parameter"),)
"""A parameter that is not passed, such as `caller=none`: a call elsewhere may pass a macro."""


class CallReader:
    """Reads the arguments of a call and walks the body that it runs."""

    def __init__(
        self,
        visitor: Visitor,
        position: Position,
        found: FactCollector,
        *,
        paths: PathReader,
        names: NameBinder,
        loops: LoopWalker,
        links: TemplateLinks,
        entered: EnteredBodies,
    ) -> None:
        self._visitor = visitor
        self._position = position
        self._found = found
        self._paths = paths
        self._names = names
        self._loops = loops
        self._links = links
        self._entered = entered
        self.readers: dict[type, Callable[[Any, How], None]] = {nodes.Call: self._read_call}
        self.statements: dict[type, Callable[[Any], None]] = {nodes.CallBlock: self._call_block}

    def _read_call(self, node: nodes.Call, how: How) -> None:
        self._follow(node, None)

    def _call_block(self, node: nodes.CallBlock) -> None:
        self._follow(node.call, (self._names.callable_body(node),))

    def _follow(self, node: nodes.Call, caller: Value | None) -> None:
        """Follow a call; `caller` is the body of a call block."""
        callee = self._paths.value(node.node)
        is_method = isinstance(node.node, nodes.Getattr)
        self._paths.use_all(_owners(callee) if is_method else callee, OTHER)
        self._collect(node, callee)
        followed = False
        for part in callee:
            if isinstance(part, MacroValue):
                self._call_macro(part, node, caller)
                followed = True
            elif isinstance(part, LoopValue):
                self._repeat_loop(part, node)
                followed = True
            elif isinstance(part, BlockValue):
                self._links.render_block(part, self._position.here.context)
        if not followed:
            keeps = any(part == Builtin("namespace") for part in callee)
            self._read_arguments(node, PASSED if keeps else ARGUMENT)

    def _read_arguments(self, node: nodes.Call, how: How) -> None:
        """Read all arguments of a call whose body is unknown."""
        for argument in (*node.args, *(pair.value for pair in node.kwargs)):
            self._visitor.read(argument, how)
        for more in (node.dyn_args, node.dyn_kwargs):
            if more is not None:
                self._visitor.read(more, ARGUMENT)

    def _collect(self, node: nodes.Call, callee: Value) -> None:
        here, site = self._position.here, self._callee_site(node)
        if self._found.is_first("call", site):
            start, end = spans.expression(here.template, node.node)
            written = here.text.value[start:end]
            self._found.calls.append(
                Call(
                    kind=_callee_kind(callee),
                    callee=written,
                    site=site,
                    stack=here.stack,
                    node=node,
                )
            )

    def _callee_site(self, node: nodes.Call) -> TemplateSpan:
        target, template = node.node, self._position.here.template
        if isinstance(target, nodes.Getattr):
            return self._position.site(spans.attribute(template, target))
        return self._position.site(spans.expression(template, target))

    # Macros.

    def _call_macro(self, macro: MacroValue, call: nodes.Call, caller: Value | None) -> None:
        names = [name.name for name in macro.node.args]
        bindings = self._arguments(call, names)
        defaults = dict(zip(reversed(names), reversed(macro.node.defaults), strict=False))
        if caller is not None or "caller" not in names:
            bindings["caller"] = caller or unset("caller")
        if self._entered.may_enter(id(macro.node), len(macro.here.template.tokens)):
            stack = (*self._position.here.stack, self._callee_site(call))
            self._enter_macro(macro, bindings, defaults, stack)

    def _arguments(self, call: nodes.Call, names: list[str]) -> dict[str, Value]:
        """The values of a macro's parameters, as far as a call gives them."""
        positional = [self._visitor.take(argument, PASSED) for argument in call.args]
        named = {pair.key: self._visitor.take(pair.value, PASSED) for pair in call.kwargs}
        bindings: dict[str, Value] = dict(zip(names, positional, strict=False))
        bindings.update((name, value) for name, value in named.items() if name in names)
        for more in (call.dyn_args, call.dyn_kwargs):
            if more is not None:
                self._visitor.read(more, ARGUMENT)
                bindings = {**dict.fromkeys(names, KNOWN), **bindings}
        return bindings

    def enter_uncalled(self) -> None:
        """Walk each macro that nothing called; their bodies may define more macros."""
        for macro in self._names.macros:
            if not self._entered.has_entered(id(macro.node)):
                bindings = {name.name: ANY_MACRO for name in macro.node.args}
                bindings["caller"] = (Builtin("caller"),)
                self._enter_macro(macro, bindings, {}, macro.here.stack)

    def _enter_macro(
        self,
        macro: MacroValue,
        bindings: Mapping[str, Value],
        defaults: Mapping[str, nodes.Expression],
        stack: Stack,
    ) -> None:
        if self._entered.is_active(macro.node) or self._entered.depth > MAX_NESTED_CALLS:
            return
        here = replace(macro.here, stack=stack, files=self._position.here.files)
        frame = NameScope(macro.node, macro.frame)
        frame.bindings.update(varargs=KNOWN, kwargs=KNOWN)
        if "caller" in bindings:
            frame.bindings["caller"] = bindings["caller"]
        with self._entered.active(macro.node), self._position.moved(here, frame, silent=False):
            for parameter in macro.node.args:
                name = parameter.name
                value = bindings.get(name)
                if value is None:
                    value = self._default(name, defaults.get(name))
                self._names.bind(parameter, value, "argument", None)
            self._visitor.body(macro.node.body)

    def _default(self, name: str, default: nodes.Expression | None) -> Value:
        """The value of a parameter that a call does not pass."""
        if default is None:
            return unset(name)
        if isinstance(default, nodes.Const) and default.value is None:
            return ANY_MACRO
        return self._visitor.take(default, ALIAS)

    def _repeat_loop(self, loop: LoopValue, call: nodes.Call) -> None:
        """Walk the body of a recursive loop with the elements of the argument."""
        values = [self._visitor.take(argument, LOOP) for argument in call.args]
        if loop.again and values:
            here = self._position.here
            stack = (*here.stack, self._callee_site(call))
            with self._position.moved(
                replace(here, stack=stack), loop.frame, self._position.silent
            ):
                repeated = LoopValue(loop.node, loop.frame, False)
                self._loops.over(loop.node, repeated, values[0])


def _owners(methods: Value) -> Value:
    """The values of which methods are called: values have no methods, so these are read."""
    return tuple(part.parent() for part in sources(methods) if part.path and not part.open)


def _callee_kind(callee: Value) -> Callee:
    for part in callee:
        if isinstance(part, Builtin) and part.name in _CALLEE_KIND_OF_BUILTIN:
            return _CALLEE_KIND_OF_BUILTIN[part.name]
        if part.__class__ in _CALLEE_KIND_OF_VALUE:
            return _CALLEE_KIND_OF_VALUE[part.__class__]
    return "value"


_CALLEE_KIND_OF_BUILTIN: dict[str, Callee] = {
    "range": "range",
    "namespace": "namespace",
    "loop": "loop",
    "caller": "macro",
    "parameter": "macro",
}
_CALLEE_KIND_OF_VALUE: dict[type, Callee] = {
    MacroValue: "macro",
    LoopValue: "loop",
    BlockValue: "block",
}


# The templates that a template includes, imports and extends, and the blocks they replace.


class TemplateLinks:
    """Walks linked templates, and blocks."""

    def __init__(
        self,
        visitor: Visitor,
        position: Position,
        *,
        loader: TemplateLoader,
        names: NameBinder,
        entered: EnteredBodies,
    ) -> None:
        self._visitor = visitor
        self._position = position
        self._loader = loader
        self._names = names
        self._entered = entered
        self._modules: dict[str, ModuleValue] = {}
        self._parents: list[tuple[Text, TemplateSpan]] = []
        self._blocks: list[Block] = []
        self.statements: dict[type, Callable[[Any], None]] = {
            nodes.Include: self._include,
            nodes.Import: self._import,
            nodes.FromImport: self._from_import,
            nodes.Extends: self._extends,
            nodes.Block: self._block,
        }

    def render(self, text: Text, context: Context, stack: Stack) -> bool:
        """Walk a template, and then the one that it extends; False if it is not valid."""
        template = self._loader.parsed(text, stack)
        if template is None:
            return False
        here = Here(text, template, context, stack, (*self._position.here.files, text.path))
        frame = NameScope(template.tree, None, top=True)
        context.tops.insert(0, frame)
        if "block" in template.source:
            for node in template.tree.find_all(nodes.Block):
                block = Block(node, here)
                here.context.blocks.setdefault(node.name, []).append(block)
                self._blocks.append(block)
        outer, self._parents = self._parents, []
        with self._position.moved(here, frame, silent=False):
            self._visitor.body(template.tree.body)
            for parent, site in self._parents:
                self.render(parent, context, (*stack, site))
        self._parents = outer
        return True

    def enter_unrendered(self) -> None:
        """Walk each block that nothing rendered."""
        for block in self._blocks:
            if not self._entered.has_entered(id(block.node)):
                self._position.move_to_unreached(block.here)
                self._enter_block(block, block.here.context, unset("super"))

    # Templates.

    def _include(self, node: nodes.Include) -> None:
        text = self._loader.linked(node, "include", node.ignore_missing)
        if text is not None:
            self.render(text, self._context_for(node), self._stack_at(node))

    def _stack_at(self, node: LinkTag) -> Stack:
        return (*self._position.here.stack, self._loader.site(node))

    def _context_for(self, node: nodes.Include | nodes.Import | nodes.FromImport) -> Context:
        if not node.with_context:
            return Context({}, isolated=True)
        return Context(self._visible(), self._position.here.context.isolated)

    def _visible(self) -> dict[str, Value]:
        """The names that an included template sees of the scopes around its tag."""
        context = self._position.here.context
        names = self._position.frame.all_bindings()
        loop = next((part for part in names.get("loop", ()) if isinstance(part, LoopValue)), None)
        if loop and not has_loop(loop.node):
            del names["loop"]
        return {**context.visible, **context.top_bindings(), **names}

    def _extends(self, node: nodes.Extends) -> None:
        text = self._loader.linked(node, "extends")
        if text is not None:
            self._parents.append((text, self._loader.site(node)))
        if node in self._position.here.template.tree.body:
            self._position.silence()

    def _import(self, node: nodes.Import) -> None:
        module = self._module(node, "import")
        template = self._position.here.template
        offsets = spans.name_in_tag(template, node.at, node.target, after="as")
        self._names.define_imported(node.target, KNOWN if module is None else (module,), offsets)

    def _from_import(self, node: nodes.FromImport) -> None:
        module = self._module(node, "from")
        template = self._position.here.template
        for item in node.names:
            name, alias = item if isinstance(item, tuple) else (item, item)
            value = KNOWN if module is None else module.exports.get(name) or unset(name)
            offsets = spans.name_in_tag(template, node.at, alias, after="import")
            self._names.define_imported(alias, value, offsets)

    def _module(self, node: nodes.Import | nodes.FromImport, kind: Any) -> ModuleValue | None:
        text = self._loader.linked(node, kind)
        if text is None:
            return None
        if not node.with_context and text.path in self._modules:
            return self._modules[text.path]
        context = self._context_for(node)
        if not self.render(text, context, self._stack_at(node)):
            return None
        module = ModuleValue(context.exports())
        if not node.with_context:
            self._modules[text.path] = module
        return module

    # Blocks.

    def _block(self, node: nodes.Block) -> None:
        if self._position.silent and self._position.frame.top:
            return
        context = self._position.here.context
        if node.scoped:
            context = Context(self._visible(), context.isolated, blocks=context.blocks)
        self.render_block(BlockValue(node.name, 0), context)

    def render_block(self, block: BlockValue, context: Context) -> None:
        """Walk a block at its own tag, or at a call of `super` or `self`."""
        known = context.blocks.get(block.name, [])
        if block.index < len(known):
            parent = (BlockValue(block.name, block.index + 1),)
            above: Value = parent if block.index + 1 < len(known) else unset("super")
            chosen = known[block.index]
            if self._entered.may_enter(id(chosen.node), len(chosen.here.template.tokens)):
                self._enter_block(chosen, context, above)

    def _enter_block(self, block: Block, context: Context, above: Value) -> None:
        if self._entered.is_active(block.node):
            return
        here = replace(block.here, context=context, files=self._position.here.files)
        frame = NameScope(block.node, None, {"super": above})
        with self._entered.active(block.node), self._position.moved(here, frame, silent=False):
            self._visitor.body(block.node.body)


# The templates that tags name: loaded, parsed, and entered within limits.

MAX_DEPTH = 8
"""Nested templates, as in the renderer."""
MAX_WORK = 200_000
"""Tokens in bodies that are entered; beyond it, no body is entered a second time."""

LinkTag = nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends
"""The tags that name a template."""


class EnteredBodies:
    """The templates, macros and blocks that the walk has entered, to limit its work."""

    def __init__(self) -> None:
        self._entered: set[object] = set()
        self._active: list[object] = []
        self._work = 0

    def may_enter(self, body: object, tokens: int) -> bool:
        """Record a body, and whether to walk it: always the first time, so that none is missed."""
        again = body in self._entered
        self._entered.add(body)
        self._work += tokens
        return not again or self._work < MAX_WORK

    def has_entered(self, body: object) -> bool:
        """Whether `may_enter` was called with a body."""
        return body in self._entered

    def is_active(self, node: nodes.Node) -> bool:
        """Whether the walk is inside a macro or block now, which would be recursion."""
        return node in self._active

    @property
    def depth(self) -> int:
        """The number of macros and blocks that the walk is inside now."""
        return len(self._active)

    @contextmanager
    def active(self, node: nodes.Node) -> Iterator[None]:
        """While the walk is inside a macro or block."""
        self._active.append(node)
        yield
        self._active.pop()


class TemplateLoader:
    """Loads and parses the templates that tags name; what can't be entered is a problem."""

    def __init__(
        self,
        load: Load,
        visitor: Visitor,
        position: Position,
        found: FactCollector,
        entered: EnteredBodies,
    ) -> None:
        self._load = load
        self._visitor = visitor
        self._position = position
        self._found = found
        self._entered = entered
        self._loaded: dict[tuple[str, str], Text | None] = {}
        self._invalid: set[str] = set()

    def parsed(self, text: Text, stack: Stack) -> Template | None:
        """A template; None if it is not valid."""
        # `parse` caches valid templates only.
        if text.path in self._invalid:
            return None
        try:
            return parse(text.value)
        except TemplateError as error:
            self._invalid.add(text.path)
            site = TemplateSpan(text, error.start, error.end)
            self._found.problem(error.code, error.message, site, stack, error.hint)
            return None

    def linked(self, node: LinkTag, kind: Any, ignore_missing: bool = False) -> Text | None:
        """The template that a tag names, if it exists and may be entered."""
        given = node.template
        choices = given.items if isinstance(given, nodes.List | nodes.Tuple) else (given,)
        texts = [self._referenced(choice, kind, ignore_missing) for choice in choices]
        text = next((text for text in texts if text is not None), None)
        if text is None:
            if all(map(_is_string, choices)) and not ignore_missing:
                self._collect_missing(given, choices)
            return None
        return text if self._may_enter(text, node) else None

    def _collect_missing(
        self, given: nodes.Expression, choices: tuple[nodes.Expression, ...]
    ) -> None:
        constants = (choice for choice in choices if isinstance(choice, nodes.Const))
        names = " or ".join(f"`{choice.value}`" for choice in constants)
        message = (
            f"there is no template {names}" if choices else "the name of a template is missing"
        )
        here = self._position.here
        if isinstance(given, nodes.Const):
            offsets = spans.constant(here.template, given)
        else:
            offsets = spans.expression(here.template, given)
        self._found.problem("TPL003", message, self._position.site(offsets), here.stack)

    def _referenced(self, choice: nodes.Expression, kind: Any, ignore_missing: bool) -> Text | None:
        here = self._position.here
        target: str | None = None
        if isinstance(choice, nodes.Const) and isinstance(choice.value, str):
            target = choice.value
            site = self._position.site(spans.constant(here.template, choice))
        else:
            self._visitor.read(choice, OTHER)
            site = self._position.site(spans.expression(here.template, choice))
        if self._found.is_first("reference", site):
            self._found.references.append(
                TemplateReference(
                    kind=kind,
                    target=target,
                    site=site,
                    stack=here.stack,
                    ignore_missing=ignore_missing,
                )
            )
        return None if target is None else self._text(target)

    def _text(self, target: str) -> Text | None:
        key = self._position.here.text.path, target
        if key not in self._loaded:
            self._loaded[key] = self._load(*key)
        return self._loaded[key]

    def _may_enter(self, text: Text, node: LinkTag) -> bool:
        here = self._position.here
        files = here.files
        if text.path in files:
            circle = " -> ".join((*files[files.index(text.path) :], text.path))
            message = f"`{text.path}` includes itself: {circle}"
            self._found.problem("REP002", message, self.site(node), here.stack)
            return False
        if len(files) > MAX_DEPTH:
            message = f"templates include one another more than {MAX_DEPTH} deep"
            self._found.problem("TPL005", message, self.site(node), here.stack)
            return False
        return self._entered.may_enter(text.path, len(text.value) // 2)

    def site(self, node: LinkTag) -> TemplateSpan:
        """The name of the template in a tag."""
        return self._position.site(spans.expression(self._position.here.template, node.template))


def _is_string(node: nodes.Expression) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)
