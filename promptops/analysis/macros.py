"""The walk into macros, the bodies of call blocks, and loops that call themselves."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import nodes

from promptops.analysis.paths import ALIAS, ARGUMENT, LOOP, PASSED
from promptops.analysis.statements import StatementWalk
from promptops.analysis.uses import Stack
from promptops.analysis.values import KNOWN, LoopValue, MacroValue, NameScope, Value, unset
from promptops.records import replace

MAX_CALLS = 16
"""Of macros that call one another: deeper ones are not followed."""
MAX_WORK = 200_000
"""Of tokens in what is entered again: after so many, only what is new is entered."""


class MacroWalk(StatementWalk):
    """Walks bodies at each place they are called from."""

    def __init__(self) -> None:
        super().__init__()
        self.entered: set[object] = set()
        self.active: list[object] = []
        self._work = 0

    def may_repeat(self, what: object, tokens: int) -> bool:
        """Whether to enter something: work is bounded, though nothing is left out altogether."""
        again = what in self.entered
        self.entered.add(what)
        self._work += tokens
        return not again or self._work < MAX_WORK

    def call_macro(self, macro: MacroValue, call: nodes.Call, given: Value | None) -> None:
        """Walk the body of a macro with the arguments of a call."""
        positional = [self.take(argument, PASSED) for argument in call.args]
        named = {pair.key: self.take(pair.value, PASSED) for pair in call.kwargs}
        bindings: dict[str, Value] = {}
        names = [name.name for name in macro.node.args]
        bindings.update(zip(names, positional, strict=False))
        bindings.update((name, value) for name, value in named.items() if name in names)
        for more in (call.dyn_args, call.dyn_kwargs):
            if more is not None:
                self.read(more, ARGUMENT)
                bindings = {**dict.fromkeys(names, KNOWN), **bindings}
        defaults = dict(zip(reversed(names), reversed(macro.node.defaults), strict=False))
        if given is not None or "caller" not in names:
            bindings["caller"] = given or unset("caller")
        if self.may_repeat(id(macro.node), len(macro.here.template.tokens)):
            site = self.callee_site(call)
            self.enter_macro(macro, bindings, defaults, (*self.here.stack, site))

    def enter_macro(
        self,
        macro: MacroValue,
        bindings: dict[str, Value],
        defaults: Mapping[str, nodes.Expr],
        stack: Stack,
    ) -> None:
        if macro.node in self.active or len(self.active) > MAX_CALLS:
            return
        here = replace(macro.here, stack=stack, files=self.here.files)
        frame = NameScope(macro.node, macro.frame)
        frame.bindings.update(varargs=KNOWN, kwargs=KNOWN)
        if "caller" in bindings:
            frame.bindings["caller"] = bindings["caller"]
        self.active.append(macro.node)
        with self.moved(here, frame, silent=False):
            self._bind_parameters(macro, bindings, defaults)
            self.body(macro.node.body)
        self.active.pop()

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
                value = self.take(defaults[name], ALIAS) if name in defaults else unset(name)
            self.bind(parameter, value, "argument", None)

    def repeat_loop(self, loop: LoopValue, call: nodes.Call) -> None:
        """Walk the body of a recursive loop with the elements of a call's argument."""
        values = [self.take(argument, LOOP) for argument in call.args]
        if loop.again and values:
            stack = (*self.here.stack, self.callee_site(call))
            with self.moved(replace(self.here, stack=stack), loop.frame, self.silent):
                self.loop_over(loop.node, LoopValue(loop.node, loop.frame, False), values[0])
