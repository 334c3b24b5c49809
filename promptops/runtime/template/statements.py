"""Jinja statements as closures, and the places of failures."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any, TypeVar

from promptops.runtime.template import nodes
from promptops.runtime.template.expressions import (
    Expression,
    arguments,
    environment,
    expression,
    filtered,
    known_filter,
)
from promptops.runtime.template.limits import MAX_MACRO_DEPTH, LimitExceeded, length_of
from promptops.runtime.template.node_facts import (
    MACRO_NAMES,
    facts,
    has_loop,
    macro_names,
    mentions,
    walk,
)
from promptops.runtime.template.template import TemplateError
from promptops.runtime.template.text_rendering import (
    Frame,
    Piece,
    Run,
    Scope,
    TemplateFailure,
    TracedText,
)
from promptops.runtime.template.values import (
    Namespace,
    in_plain_words,
    is_opaque,
    kind,
    shown,
    undefined,
)

Out = list[Any]
"""The output: texts, or pieces if the run is traced."""


class _Nowhere(list[Any]):
    """Discards output; expressions that would only be printed are not even evaluated."""


NOWHERE: Out = _Nowhere()

Statement = Callable[[Scope, Out], None]
Condition = Callable[[Scope], bool]
Build = Callable[[Any], Statement]
B = TypeVar("B", bound=Build)

_FAILURES = (
    LimitExceeded,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
)

MAX_MESSAGE_CHARS = 300

_BUILDERS: dict[type[nodes.Node], Build] = {}


def builds(kind: type[nodes.Node]) -> Callable[[B], B]:
    """Register the function that builds the closure for one kind of statement."""

    def mark(build: B) -> B:
        _BUILDERS[kind] = build
        return build

    return mark


def statements(body: Iterable[nodes.Node]) -> Statement:
    """One closure for a list of statements, in order."""
    return _in_order([statement(node) for node in body])


def _in_order(steps: Sequence[Statement]) -> Statement:
    if len(steps) == 1:
        return steps[0]

    def run(scope: Scope, out: Out) -> None:
        for step in steps:
            step(scope, out)

    return run


def statement(node: nodes.Node) -> Statement:
    """The closure that renders a statement; raises TemplateError for forbidden syntax."""
    build = _BUILDERS.get(type(node))
    if build is None:
        kind = type(node).__name__.lower()
        raise TemplateError(f"`{kind}` is not a statement", node.at, node.at + 1, "TPL005")
    return build(node)


def counted(body: Sequence[nodes.Node]) -> Statement:
    """Like `statements`, for a body that can be rendered many times; each time is charged for."""
    run, size = statements(body), sum(facts(node).size for node in body)

    def render(scope: Scope, out: Out) -> None:
        scope.run.meter.charge(size * farness(scope))
        run(scope, out)

    return render


def farness(scope: Scope) -> int:
    """The cost factor of a body that is nested in many scopes, where names are searched."""
    return 1 + (scope.depth >> 4)


def failures() -> tuple[type[BaseException], ...]:
    """The exceptions that an expression may raise; any other is a bug of promptops."""
    return (*_FAILURES, *_jinja_errors())


def _jinja_errors() -> tuple[type[BaseException], ...]:
    # Nothing raises one before a filter, a test or an undefined value has imported Jinja2.
    found = sys.modules.get("jinja2.exceptions")
    return () if found is None else (found.TemplateError,)


def guarded(node: nodes.Node) -> Expression:
    """The closure of an expression whose failures have a place."""
    evaluate = expression(node)

    def run(scope: Scope) -> Any:
        try:
            return evaluate(scope)
        except failures() as error:
            raise failure(error, node, scope.frame) from None

    return run


def condition(node: nodes.Node) -> Condition:
    """The closure that returns whether an expression is true; its failures have a place."""
    evaluate = expression(node)

    def run(scope: Scope) -> bool:
        try:
            return bool(evaluate(scope))
        except failures() as error:
            raise failure(error, node, scope.frame) from None

    return run


def failure(error: BaseException, node: nodes.Node, frame: Frame) -> TemplateFailure:
    """The failure for an exception of an expression, at the part that raised it."""
    message = in_plain_words((str(error) or type(error).__name__)[:MAX_MESSAGE_CHARS])
    if isinstance(error, RecursionError):
        message = "the template is nested too deep"
    elif isinstance(error, MemoryError):
        message = "the template needs too much memory"
    start, end = _offender(message, node, frame.text.value)
    if isinstance(error, _jinja_errors()):
        message = message.replace("'", "`").rstrip(".")
    refused = isinstance(error, (LimitExceeded, RecursionError, MemoryError))
    return TemplateFailure(message[:1].lower() + message[1:], frame, start, end, refused)


def _offender(message: str, node: nodes.Node, source: str) -> tuple[int, int]:
    """The span of the name or the attribute in a message, or of the expression."""
    found = re.search(r"['`]([^'`]+)['`](?: is undefined)?$", message)
    named = found[1] if found else None
    for part in walk(node) if named else ():
        if isinstance(part, nodes.Name) and part.name == named:
            return part.at, part.at + len(part.name)
        if isinstance(part, nodes.Getattr) and part.attr == named:
            start = source.find(part.attr, part.at)
            return start, start + len(part.attr)
    return span(node)


def span(node: nodes.Node) -> tuple[int, int]:
    """The span from the first to the last name of an expression, as exact as its nodes allow."""
    start, end = node.at, node.at + 1
    for part in walk(node):
        start = min(start, part.at)
        name = getattr(part, "name", None) or getattr(part, "attr", None)
        extra = len(name) + isinstance(part, nodes.Getattr) if isinstance(name, str) else 1
        end = max(end, part.at + extra)
    return start, end


def capture(body: Statement, scope: Scope) -> str:
    """The output of a body as one text; when traced, one that keeps its pieces."""
    out: Out = []
    body(scope, out)
    meter = scope.run.meter
    if not scope.run.traced:
        return meter.joined(out)
    text = TracedText(meter.joined([piece.text for piece in out]))
    text.pieces = tuple(out)
    return text


# Output, conditions, loops and assignments.

# In units of work: a scope, and the attributes of `loop`.
ITERATION_COST = 3
PIECE_COST = 4
EXTENDED_COST = 6


@builds(nodes.Output)
def _output(node: nodes.Output) -> Statement:
    return _writer(node.nodes)


def printed(node: nodes.Expression) -> Statement:
    """`{{ … }}`: a value as text; a captured text keeps its pieces."""
    return _writer((node,))


def _writer(written: Sequence[nodes.Expression]) -> Statement:
    """One closure for texts and values in turn; literal text is charged for first."""
    parts = tuple(map(_part, written))
    literals = [part.data for part in written if isinstance(part, nodes.TemplateData)]
    cost = sum(PIECE_COST + (len(text) >> 3) for text in literals)

    def write(scope: Scope, out: Out) -> None:
        if out is NOWHERE:
            return
        meter = scope.run.meter
        meter.charge(cost)
        if scope.run.traced:
            _trace(parts, scope, out)
            return
        for literal, evaluate, node, _ in parts:
            if evaluate is None:
                out.append(literal)
                continue
            try:
                value = evaluate(scope)
                text = value if type(value) is str else shown(value, meter)
                meter.charge(PIECE_COST + (len(text) >> 2))
            except failures() as error:
                raise failure(error, node, scope.frame) from None
            out.append(text)

    return write


_Part = tuple[str, Expression | None, nodes.Expression, tuple[int, int]]
"""Literal text, or the closure of a value; its node and its span."""


def _part(node: nodes.Expression) -> _Part:
    if isinstance(node, nodes.TemplateData):
        return node.data, None, node, (node.at, node.at + len(node.data))
    return "", expression(node), node, span(node)


def _trace(parts: Iterable[_Part], scope: Scope, out: Out) -> None:
    """Append each text with its source; an empty value has none."""
    meter, frame = scope.run.meter, scope.frame
    for literal, evaluate, node, (start, end) in parts:
        if evaluate is None:
            out.append(Piece(literal, frame, start, end, True))
            continue
        try:
            value = evaluate(scope)
            text = value if type(value) is str else shown(value, meter)
            meter.charge(PIECE_COST + (len(text) >> 2))
        except failures() as error:
            raise failure(error, node, frame) from None
        if isinstance(value, TracedText):
            out.extend(value.pieces)
        elif text:
            out.append(Piece(text, frame, start, end, False))


@builds(nodes.If)
def _if(node: nodes.If) -> Statement:
    tags = (node, *node.elif_)
    branches = [(condition(tag.test), statements(tag.body), tag.at) for tag in tags]
    otherwise = statements(node.else_)
    offset = node.at

    def run(scope: Scope, out: Out) -> None:
        for test, body, at in branches:
            if test(scope):
                record_branch(scope, at, "then")
                return body(scope, out)
        record_branch(scope, offset, "else")
        return otherwise(scope, out)

    return run


def record_branch(scope: Scope, offset: int, branch: str) -> None:
    """Record, when traced, the branch that a tag took."""
    if scope.run.traced:
        scope.run.branches.add((scope.frame.text, offset, branch))


@builds(nodes.For)
def _for(node: nodes.For) -> Statement:
    _refuse_loop_as_target(node)
    iterable, body, otherwise = guarded(node.iter), statements(node.body), statements(node.else_)
    bind, offset = binder(node.target), node.at
    key = node.target.name if isinstance(node.target, nodes.Name) else None
    unset, unset_in_else = node.unset, node.unset_in_else
    extended = has_loop(node)
    cost = ITERATION_COST + sum(facts(part).size for part in node.body)
    cost += EXTENDED_COST if extended else 0
    test_cost = ITERATION_COST + (facts(node.test).size if node.test is not None else 0)
    test = condition(node.test) if node.test is not None else None

    def chosen(scope: Scope, values: list[Any]) -> Iterator[Any]:
        for value in values:
            scope.run.meter.charge(test_cost * farness(scope))
            inner = scope.inner()
            bind(inner, value)
            if test is None or test(inner):
                yield value

    def iterate(
        scope: Scope, out: Out, values: list[Any], again: Any = None, depth: int = 0
    ) -> None:
        items: Any = values if test is None else chosen(scope, values)
        # `loop` looks ahead; a loop that doesn't use it saves that.
        pairs: Any = _loop_context(items, again, depth) if extended else items
        taken = False
        run = scope.run
        charge, far_cost = run.meter.charge, cost * farness(scope)
        for pair in pairs:
            taken = True
            charge(far_cost)
            value, names = (pair[0], {"loop": pair[1]}) if extended else (pair, {})
            inner = Scope(names, scope, run, scope.frame, unset)
            if key is None:
                bind(inner, value)
            else:
                names[key] = value
            body(inner, out)
        record_branch(scope, offset, "taken" if taken else "empty")
        if not taken:
            otherwise(scope.inner(unset=unset_in_else), out)

    def plain(scope: Scope, out: Out) -> None:
        try:
            iterate(scope, out, _iterable(iterable(scope), scope))
        except failures() as error:
            raise failure(error, node.iter, scope.frame) from None

    def recursive(scope: Scope, out: Out) -> None:
        def again(values: Any, again: Any, depth: int = 0) -> str:
            scope.run.meter.charge(cost)
            items = _iterable(values, scope)
            return capture(lambda s, o: iterate(s, o, items, again, depth), scope)

        try:
            text = again(iterable(scope), again)
        except failures() as error:
            raise failure(error, node.iter, scope.frame) from None
        if out is not NOWHERE:
            out.extend(text.pieces if isinstance(text, TracedText) else (text,))

    return recursive if node.recursive else plain


def _refuse_loop_as_target(node: nodes.For) -> None:
    if mentions([node.target], "loop"):
        at = node.target.at
        raise TemplateError("`loop` is the name of the loop itself", at, at + 4, "TPL005")


def _loop_context(items: Any, again: Any, depth: int) -> Any:
    from jinja2.runtime import LoopContext, StrictUndefined

    return LoopContext(items, StrictUndefined, again, depth)


def _iterable(value: Any, scope: Scope) -> list[Any]:
    if is_opaque(value):
        raise LimitExceeded(f"{kind(value)} has no items")
    scope.run.meter.charge(length_of(value))
    return list(value)


Bind = Callable[[Scope, Any], None]


def binder(target: nodes.Node) -> Bind:
    """How a value is bound to the name, or the names, on the left of `in` or `=`."""
    if isinstance(target, nodes.Name):
        key = target.name

        def bind_name(scope: Scope, value: Any) -> None:
            scope.names[key] = value

        return bind_name
    if isinstance(target, nodes.NSRef):
        return _attribute_binder(target)
    if not isinstance(target, (nodes.Tuple, nodes.List)):
        raise TemplateError("not a name", target.at, target.at + 1, "TPL005")
    binders = tuple(binder(item) for item in target.items)

    def bind_each(scope: Scope, value: Any) -> None:
        scope.run.meter.charge(length_of(value))
        values = list(value)
        if len(values) != len(binders):
            raise ValueError(f"{len(binders)} names for {len(values)} values")
        for bind, item in zip(binders, values, strict=True):
            bind(scope, item)

    return bind_each


def _attribute_binder(target: nodes.NSRef) -> Bind:
    find = expression(nodes.Name(target.at, target.name))
    attribute = target.attr

    def bind(scope: Scope, value: Any) -> None:
        namespace = find(scope)
        if not isinstance(namespace, Namespace):
            raise LimitExceeded("only a `namespace` has attributes that can be set")
        namespace.names[attribute] = value

    return bind


@builds(nodes.Assign)
def _assign(node: nodes.Assign) -> Statement:
    bind, value = binder(node.target), expression(node.node)

    def run(scope: Scope, out: Out) -> None:
        try:
            scope.run.meter.charge(1)
            bind(scope, value(scope))
        except failures() as error:
            raise failure(error, node.node, scope.frame) from None

    return run


@builds(nodes.With)
def _with(node: nodes.With) -> Statement:
    values = tuple(guarded(value) for value in node.values)
    binders = tuple(binder(target) for target in node.targets)
    body, unset = statements(node.body), node.unset

    def run(scope: Scope, out: Out) -> None:
        scope.run.meter.charge(ITERATION_COST)
        inner = scope.inner(unset=unset)
        for bind, value in zip(binders, values, strict=True):
            bind(inner, value(scope))
        body(inner, out)

    return run


# Macros, call blocks, and blocks whose output is captured before it is used.

# In units of work: binding the arguments, and creating a scope for them.
MACRO_COST = 16


def _maker(node: nodes.Macro | nodes.CallBlock, name: str) -> Callable[[Scope], Any]:
    """A function that creates the macro of a scope: Jinja's class with our closure."""
    from jinja2.runtime import Macro

    parameters = [argument.name for argument in node.args]
    own = macro_names(node)
    _check_parameters(node, own)
    defaults = dict(zip(parameters[::-1], [guarded(d) for d in node.defaults[::-1]], strict=False))
    special = [word for word in MACRO_NAMES if word in own and word not in parameters]
    body, unset = counted(node.body), node.unset

    def make(scope: Scope) -> Any:
        def invoke(*values: Any) -> str:
            run = scope.run
            inner = Scope({}, scope, run, _called_frame(scope))
            inner.unset = unset
            for key, value in zip([*parameters, *special], values, strict=True):
                inner.names[key] = _argument_value(key, value, defaults, inner)
            return _deeper(run, lambda: capture(body, inner))

        return Macro(
            environment(),
            invoke,
            name,
            parameters,
            "kwargs" in special,
            "varargs" in special,
            "caller" in special,
        )

    return make


def _check_parameters(node: nodes.Macro | nodes.CallBlock, own: Set[str]) -> None:
    parameters = [argument.name for argument in node.args]
    optional = parameters[len(parameters) - len(node.defaults) :]
    for argument in node.args:
        name, at = argument.name, argument.at
        if parameters.count(name) > 1:
            raise TemplateError(f"two parameters `{name}`", at, at + len(name), "TPL005")
        if name == "caller" and name in own and name not in optional:
            message = "the parameter `caller` has no default: write `caller=none`, or remove it"
            raise TemplateError(message, at, at + len(name), "TPL005")


def _argument_value(key: str, value: Any, defaults: dict[str, Expression], scope: Scope) -> Any:
    from jinja2.utils import missing

    if value is not missing:
        return value
    if key in defaults:
        return defaults[key](scope)
    return undefined(f"parameter {key!r} was not provided", key)


def _called_frame(scope: Scope) -> Frame:
    """The frame of the macro's own template, called from the call site."""
    site = scope.run.site
    if not scope.run.traced or site is None:
        return scope.frame
    return Frame(scope.frame.text, *site, depth=scope.frame.depth)


def _deeper(run: Run, render: Callable[[], str]) -> str:
    run.meter.charge(MACRO_COST)
    run.macro_depth += 1
    if run.macro_depth > MAX_MACRO_DEPTH:
        raise LimitExceeded(f"macros that call each other over {MAX_MACRO_DEPTH} deep")
    try:
        return render()
    finally:
        run.macro_depth -= 1


@builds(nodes.Macro)
def _macro(node: nodes.Macro) -> Statement:
    make, key = _maker(node, node.name), node.name

    def run(scope: Scope, out: Out) -> None:
        scope.names[key] = make(scope)

    return run


@builds(nodes.CallBlock)
def _call_block(node: nodes.CallBlock) -> Statement:
    make = _maker(node, "caller")
    # `caller` is an additional named argument; its name is impossible in a template.
    hidden = nodes.Keyword(node.at, "caller", nodes.Name(node.at, " caller"))
    called = node.call
    named = (*called.kwargs, hidden)
    write = printed(
        nodes.Call(called.at, called.node, called.args, named, called.dyn_args, called.dyn_kwargs)
    )

    def run(scope: Scope, out: Out) -> None:
        inner = scope.inner({" caller": make(scope)})
        write(inner, out)

    return run


@builds(nodes.AssignBlock)
def _assign_block(node: nodes.AssignBlock) -> Statement:
    bind, body, unset = binder(node.target), statements(node.body), node.unset
    apply = _filters(node.filter) if node.filter is not None else None

    def run(scope: Scope, out: Out) -> None:
        text: Any = capture(body, scope.inner(unset=unset))
        bind(scope, apply(text, scope) if apply is not None else text)

    return run


def _filters(node: nodes.Filter) -> Callable[[Any, Scope], Any]:
    """The chain of filters over a captured body; the innermost value is the body."""
    chain: list[nodes.Filter] = []
    part: Any = node
    while isinstance(part, nodes.Filter):
        chain.insert(0, part)
        part = part.node
    for link in chain:
        known_filter(link)
    steps = tuple((link.name, arguments(link), link) for link in chain)

    def apply(value: Any, scope: Scope) -> Any:
        for name, given, link in steps:
            try:
                value = filtered(name, value, given(scope), scope)
            except failures() as error:
                raise failure(error, link, scope.frame) from None
        return value

    return apply


@builds(nodes.FilterBlock)
def _filter_block(node: nodes.FilterBlock) -> Statement:
    body, apply, unset = statements(node.body), _filters(node.filter), node.unset
    start, end = node.filter.at, node.filter.at + len(node.filter.name)

    def run(scope: Scope, out: Out) -> None:
        text = shown(apply(capture(body, scope.inner(unset=unset)), scope), scope.run.meter)
        if out is NOWHERE:
            return
        out.append(Piece(text, scope.frame, start, end, False) if scope.run.traced else text)

    return run
