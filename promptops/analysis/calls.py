"""Calls, and the bodies they run: macros, call blocks, recursive loops, blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.expressions import PathReader
from promptops.analysis.linked_templates import TemplateLinks
from promptops.analysis.names import NameBinder
from promptops.analysis.statements import LoopWalker
from promptops.analysis.template_loader import EnteredBodies
from promptops.analysis.uses import Call, Callee, Stack, TemplateSpan
from promptops.analysis.values import (
    KNOWN,
    BlockValue,
    Builtin,
    LoopValue,
    MacroValue,
    NameScope,
    Value,
    sources,
    unset,
)
from promptops.analysis.walk_state import (
    ALIAS,
    ARGUMENT,
    LOOP,
    OTHER,
    PASSED,
    FactCollector,
    How,
    Position,
    Visitor,
)
from promptops.records import replace

MAX_CALLS = 16
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
                Call(kind=_kind_of(callee), callee=written, site=site, stack=here.stack, node=node)
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
        defaults: Mapping[str, nodes.Expr],
        stack: Stack,
    ) -> None:
        if self._entered.is_active(macro.node) or self._entered.depth > MAX_CALLS:
            return
        here = replace(macro.here, stack=stack, files=self._position.here.files)
        frame = NameScope(macro.node, macro.frame)
        frame.bindings.update(varargs=KNOWN, kwargs=KNOWN)
        if "caller" in bindings:
            frame.bindings["caller"] = bindings["caller"]
        with (
            self._entered.active(macro.node),
            self._position.moved(here, frame, silent=False),
        ):
            self._bind_parameters(macro, bindings, defaults)
            self._visitor.body(macro.node.body)

    def _bind_parameters(
        self,
        macro: MacroValue,
        bindings: Mapping[str, Value],
        defaults: Mapping[str, nodes.Expr],
    ) -> None:
        for parameter in macro.node.args:
            name = parameter.name
            value = bindings.get(name)
            if value is None:
                value = self._default(name, defaults.get(name))
            self._names.bind(parameter, value, "argument", None)

    def _default(self, name: str, default: nodes.Expr | None) -> Value:
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


def _kind_of(callee: Value) -> Callee:
    for part in callee:
        if isinstance(part, Builtin) and part.name in _BUILTIN_KINDS:
            return _BUILTIN_KINDS[part.name]
        if part.__class__ in _KINDS:
            return _KINDS[part.__class__]
    return "value"


_BUILTIN_KINDS: dict[str, Callee] = {
    "range": "range",
    "namespace": "namespace",
    "loop": "loop",
    "caller": "macro",
    "parameter": "macro",
}
_KINDS: dict[type, Callee] = {MacroValue: "macro", LoopValue: "loop", BlockValue: "block"}
