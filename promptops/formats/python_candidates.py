"""Which expressions of a Python file may be prompts, and what the code does with them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from promptops.formats.prompts_in_code import ARGUMENTS, Slot, snake
from promptops.formats.python_messages import (
    calls_gemini,
    is_message,
    joined_lists,
    message_fields,
    sends_to_gemini,
)
from promptops.formats.python_strings import (
    TEMPLATE_CALLS,
    Function,
    Scope,
    argument,
    called_name,
    is_chat_template,
    is_message_list,
    is_other_template,
    is_text_template,
    negated,
    operands,
    resolved,
    sent_messages,
    target_name,
    text_template,
    unwrapped,
)
from promptops.records import record, replace

SENDING_METHODS = frozenset(("create", "parse", "stream"))
"""Methods of clients that call a model."""
_INVOKING = frozenset(("invoke", "ainvoke", "complete", "acomplete", "predict", "apredict"))
_ASKING = frozenset(("chat", "achat", "ask", "send_message", "run_sync", "generate"))
_COMPLETING = frozenset(("create", "acreate", "completion", "acompletion", "text_completion"))
_OF_RESPONSES = frozenset(("input", "instructions"))
_MESSAGE_KEYWORDS = frozenset(("messages", "input", "instructions", "system"))
_ROLES = frozenset(("system", "developer", "user"))
_TEXT_METHODS = frozenset(("format", "strip", "lstrip", "rstrip", "join", "replace"))
_CLEANERS = frozenset(("dedent", "cleandoc"))
_REPORTING = frozenset(
    str.split(
        "print warn warning warnings debug info error exception critical log fail exit echo secho"
        " skip xfail write_line writelines raises fatal abort usage assertequal assertin"
        " assertregex assertraisesregex"
    )
)
_DIALOGUE = frozenset(
    str.split(
        "option argument add_argument confirm input getpass prompt text_input text_area button"
        " describe markdown caption subheader chat_input radio selectbox typer"
    )
)
"""Calls whose texts people read, in lower case."""
_FIELDS = frozenset(("Field", "field", "InputField", "OutputField"))
_COMPARING = frozenset(("match", "reason", "help", "err_msg"))
_DESCRIBING = frozenset(("description", "desc", "title", "label", "tooltip", "placeholder"))
_OF_TASK = frozenset(("expected_output", "agent"))
_AROUND = (ast.List, ast.Tuple, ast.Set, ast.IfExp, ast.BoolOp, ast.Starred, ast.NamedExpr)


@record(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An expression that may be a prompt.

    Attributes:
        name: What it is assigned to, with its classes and functions; of what a function returns,
            the name of the function.
        key: The name by which other code refers to it, "" if it has none: `Bot.text` for
            `self.text`.
        function: The function whose arguments it may read.
        slot: Where the code has a string.
        role: Of the message that it is the content of.
        texts: The parts of an agent or a task, by their arguments; the node is its call.
        scope: Of its names.
        is_fixed: Whether the statement that assigns it is in no condition and no loop.
        added_to: The name of the list to which the code appends this message, or "".
    """

    name: str
    key: str = ""
    node: ast.expr
    function: Function | None
    slot: Slot = "name"
    role: str | None = None
    texts: Mapping[str, ast.expr] | None = None
    scope: Scope
    is_fixed: bool = False
    added_to: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is a string, and not a list of messages or a call."""
        return self.texts is None and is_text(self.node)


def candidates(nodes: Sequence[tuple[Scope, ast.AST]]) -> Iterator[Candidate]:
    """All strings of a file that are no parts of others, and what has messages, in their order.

    Without docstrings, and without what the code raises, logs, prints or describes.
    """
    finder = _Finder(nodes)
    for scope, node in nodes:
        if node not in finder.covered:
            yield from finder.candidates_at(node, scope)


class _Finder:
    """One file.

    Attributes:
        covered: Nodes that belong to a candidate, or to what people read.
    """

    def __init__(self, nodes: Sequence[tuple[Scope, ast.AST]]) -> None:
        self.covered: set[ast.AST] = set()
        self._parents = {child: node for _, node in nodes for child in ast.iter_child_nodes(node)}

    def candidates_at(self, node: ast.AST, scope: Scope) -> Iterator[Candidate]:
        """The candidates that begin with a node."""
        if isinstance(node, ast.Raise | ast.Assert):
            self._cover_texts(node)
        elif isinstance(node, ast.Dict):
            yield from self._message(node, scope)
        elif isinstance(node, ast.List):
            if _has_messages(node):
                yield self._whole(node, scope)
        elif isinstance(node, ast.BinOp):
            listed = joined_lists(node)
            if listed is not None and _has_messages(listed):
                self._cover(node)
                yield self._whole(listed, scope, origin=node)
        elif isinstance(node, ast.Call):
            yield from self._call(node, scope)
        elif _is_number(node) and isinstance(self._parents.get(node), ast.Assign):
            yield self._candidate(node, scope, "", "text")
        if isinstance(node, ast.expr) and node not in self.covered and is_text(node):
            yield from self._text(node, scope)

    def _call(self, node: ast.Call, scope: Scope) -> Iterator[Candidate]:
        name = called_name(node)
        if (
            is_request(node)
            or is_chat_template(node)
            or is_text_template(node)
            or (text_template(node) is not None and is_text(node.args[0] if node.args else node))
        ):
            yield self._whole(node, scope)
        elif is_other_template(node):
            yield self._candidate(node, scope, "", "name")
        elif _is_agent(node) or _is_task(node):
            texts = {str(one.arg): one.value for one in node.keywords if one.arg in _CREW}
            self.covered.update(texts.values())
            yield self._candidate(node, scope, "", "argument", texts=texts)
        elif sum(map(is_message, node.args)) > 1:
            listed = ast.List(elts=[one for one in node.args if is_message(one)], ctx=ast.Load())
            yield self._whole(ast.copy_location(listed, node), scope, origin=node)
        elif name.lower() in _REPORTING | _DIALOGUE:
            self._cover_texts(node)
        else:
            yield from self._message(node, scope)

    def _message(self, node: ast.Call | ast.Dict, scope: Scope) -> Iterator[Candidate]:
        """A single message with a constant role."""
        found = message_fields(node)
        if found is not None and found[0] in _ROLES and is_text(found[1]):
            self._cover(found[1])
            message = self._candidate(found[1], scope, found[0], "role", role=found[0], around=node)
            yield replace(message, added_to=self._added_to(node, scope))

    def _added_to(self, node: ast.expr, scope: Scope) -> str:
        """The list to which a statement appends a message; "" for one that is elsewhere."""
        around = self._parents.get(node)
        call = self._parents.get(around) if isinstance(around, ast.List) else around
        if isinstance(call, ast.AugAssign):
            return target_name(call.target, scope) or ""
        changed = _extended(ast.Expr(call)) if isinstance(call, ast.Call) else None
        return target_name(changed, scope) or ""

    def _whole(self, node: ast.expr, scope: Scope, origin: ast.expr | None = None) -> Candidate:
        """What has messages or a template, by the name that it is assigned to."""
        outer = self._chain(node)
        self._cover(outer)
        slot: Slot = "argument"
        if isinstance(node, ast.Call) and text_template(node) is not None:
            slot = "name"
        return self._candidate(outer, scope, "", slot, around=origin or outer)

    def _chain(self, node: ast.expr) -> ast.expr:
        """The largest expression that a template begins, as `template.partial(a="b") | model`."""
        found = node
        around = self._parents.get(node)
        while isinstance(around, ast.Attribute | ast.Call | ast.BinOp):
            if not isinstance(around, ast.Attribute) and unwrapped(around) is node:
                found = around
            around = self._parents.get(around)
        return found

    def _text(self, node: ast.expr, scope: Scope) -> Iterator[Candidate]:
        self._cover(node)
        inner, around, listed = self._climbed(node)
        if isinstance(around, ast.Assign) and reads(node, around.targets[0]):
            return
        if isinstance(around, ast.Expr) and _is_signature(self._parents.get(around), around):
            yield self._candidate(node, scope, "", "signature")
        if isinstance(around, ast.keyword):
            yield from self._keyword(node, around, scope)
        elif isinstance(around, ast.Call):
            yield from self._positional(node, inner, around, scope)
        elif isinstance(around, ast.Dict | ast.Assign | ast.AnnAssign | ast.arguments | ast.Return):
            slot = self._slot_in(around, inner)
            yield self._candidate(node, scope, "", "listed" if listed else slot)
        elif not isinstance(around, ast.Expr | ast.Compare | ast.Subscript | ast.FormattedValue):
            yield self._candidate(node, scope, "", "text")

    def _slot_in(self, around: ast.AST, inner: ast.AST) -> Slot:
        if isinstance(around, ast.Dict):
            return "key" if snake(_key_of(around, inner)) in ARGUMENTS else "name"
        if isinstance(around, ast.Return):
            function = self._function(around)
            decorators = getattr(function, "decorator_list", ())
            return "argument" if any(_last(one) in ARGUMENTS for one in decorators) else "name"
        return "name"

    def _function(self, node: ast.AST) -> ast.AST | None:
        found = self._parents.get(node)
        while found is not None and not isinstance(
            found, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        ):
            found = self._parents.get(found)
        return found

    def _keyword(self, node: ast.expr, keyword: ast.keyword, scope: Scope) -> Iterator[Candidate]:
        call = self._parents[keyword]
        called = called_name(call) if isinstance(call, ast.Call) else ""
        key = keyword.arg or ""
        if called in _FIELDS:
            if key == "default":
                yield self._candidate(node, scope, "", "name", around=call)
        elif key not in _COMPARING:
            slot: Slot = "argument" if snake(key) in ARGUMENTS else "name"
            yield self._candidate(node, scope, key, "text" if key in _DESCRIBING else slot)

    def _positional(
        self, node: ast.expr, inner: ast.AST, call: ast.Call, scope: Scope
    ) -> Iterator[Candidate]:
        if called_name(call) in _FIELDS:
            if call.args[:1] == [inner]:
                yield self._candidate(node, scope, "", "name", around=call)
        elif inner in sent_texts(call):
            yield self._candidate(node, scope, "prompt", "argument")
        else:
            is_assigned = isinstance(self._parents.get(call), ast.Assign | ast.AnnAssign)
            other: Slot = "name" if is_assigned else "text"
            is_asked = called_name(call) in _ASKING and inner in call.args[:1]
            yield self._candidate(node, scope, "", "asked" if is_asked else other, around=call)

    def _candidate(
        self,
        node: ast.expr,
        scope: Scope,
        own: str,
        slot: Slot,
        *,
        role: str | None = None,
        texts: Mapping[str, ast.expr] | None = None,
        around: ast.AST | None = None,
    ) -> Candidate:
        """A candidate, whose name is that of what it is assigned to, with its own below it."""
        target, key = self._assigned(around or node, scope)
        function = scope.function
        if isinstance(self._parents.get(node), ast.Lambda):
            function = self._parents[node]  # type: ignore[assignment]  # checked above
        inside = scope.name.rstrip(".")
        names = list(dict.fromkeys(one for one in (target, own) if one))
        first = unwrapped(node)
        if isinstance(first, ast.Call) and is_request(first):
            name = inside or target or "request"
        elif names:
            name = f"{scope.name}{'.'.join(names)}"
        else:
            around = self._parents.get(node)
            given = (around.arg or "") if isinstance(around, ast.keyword) else ""
            name = f"{scope.name}{given}" if given else inside or _FALLBACKS.get(type(node), "text")
        return Candidate(
            name=name,
            key=key,
            node=node,
            function=function,
            slot=slot,
            role=role,
            texts=texts,
            scope=scope,
            is_fixed=self._is_fixed(node),
        )

    def _is_fixed(self, node: ast.AST) -> bool:
        statement = self._parents.get(node)
        around = self._parents.get(statement) if statement is not None else None
        return isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(
            around, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        )

    def _assigned(self, node: ast.AST, scope: Scope) -> tuple[str, str]:
        """The name that an expression is assigned to, below which keys, and its key or ""."""
        steps: list[str] = []
        direct = True
        inner, around = node, self._parents.get(node)
        while around is not None:
            if isinstance(around, ast.Assign | ast.AnnAssign):
                target = around.targets[0] if isinstance(around, ast.Assign) else around.target
                full = target_name(target, scope)
                own = (full or "").rpartition(".")[2] or _subscript_key(target)
                return ".".join([own, *steps]), (full or "") if direct and not steps else ""
            if isinstance(around, ast.Dict):
                key = _key_of(around, inner)
                steps[:0] = [key] if key else []
            elif isinstance(around, ast.arguments):
                return ".".join([_default_of(around, inner), *steps]), ""
            elif isinstance(around, ast.keyword):
                if not steps and around.arg and around.arg not in steps:
                    direct = False
            elif isinstance(around, ast.Call):
                if not _keeps(around, inner):
                    direct = False
            elif isinstance(around, ast.Lambda):
                pass
            elif isinstance(around, ast.BinOp):
                direct = direct and isinstance(around.op, ast.BitOr)
            elif not isinstance(around, (*_AROUND, ast.Attribute, ast.Await)):
                break
            elif not isinstance(around, ast.Attribute | ast.Await):
                direct = False
            inner, around = around, self._parents.get(around)
        return ".".join(steps), ""

    def _climbed(self, node: ast.expr) -> tuple[ast.AST, ast.AST | None, bool]:
        """What a string is the value of: the last node below it, itself, and if it is in a list."""
        inner: ast.AST = node
        around = self._parents.get(inner)
        listed = False
        while isinstance(around, (*_AROUND, ast.Lambda)):
            listed |= isinstance(around, ast.List | ast.Tuple | ast.Set)
            inner, around = around, self._parents.get(around)
        return inner, around, listed

    def _cover(self, node: ast.AST) -> None:
        self.covered.update(ast.walk(node))

    def _cover_texts(self, node: ast.AST) -> None:
        """Cover the strings of what people read, but not those of calls in it."""
        waiting = list(ast.iter_child_nodes(node))
        while waiting:
            child = waiting.pop()
            if isinstance(child, ast.expr) and is_text(child):
                self._cover(child)
            elif isinstance(child, (ast.keyword, ast.Dict, *_AROUND)) or (
                isinstance(node, ast.Raise) and isinstance(child, ast.Call)
            ):
                waiting += ast.iter_child_nodes(child)


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The fields with statements, and with what has statements."""


def with_additions(tree: ast.Module) -> ast.Module:
    """The tree with what the code adds to a string or a list of messages after it begins.

    `+=`, `append` and `extend`, also below an `if` that does nothing else: what it adds is
    `text if test else ""`, or for an element `element if test else None`. Nothing that follows
    another use of the name. A list of strings is put where the code joins it.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for block in (getattr(node, name, None) for name in _BLOCKS):
            if isinstance(block, list) and block:
                if isinstance(block[0], ast.stmt):
                    block[:] = _joined(block)
                waiting += block
    return tree


def _joined(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    begun: dict[str, _Begun] = {}
    joined = _joined_names(body)
    for statement in body:
        changed = _changed_name(statement)
        first = begun.get(changed)
        if first is None or not _extend(first, changed, statement, joined):
            read = {one.id for one in ast.walk(statement) if begun and isinstance(one, ast.Name)}
            for name in read & begun.keys():
                if name in joined and isinstance(statement, _SIMPLE):
                    _put_where_joined(statement, name, begun[name])
                if name in joined or not _only_adds(statement, name):
                    del begun[name]
            name, assignment = _begun(statement, joined)
            if assignment is not None:
                begun[name] = assignment
            yield statement


_Begun = ast.Assign | ast.AnnAssign
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.Return, ast.Expr)
"""Statements without others in them that may join a list."""


def _joined_names(body: Sequence[ast.stmt]) -> Collection[str]:
    """The names of lists that a block assigns and joins to a string."""
    lists = [getattr(one, "value", None) for one in body if isinstance(one, _Begun)]
    if not any(isinstance(one, ast.List) for one in lists):
        return ()
    nodes = (node for one in body if isinstance(one, _SIMPLE) for node in ast.walk(one))
    calls = (node for node in nodes if isinstance(node, ast.Call))
    return {name for call in calls if (name := _name_joined(call))}


def _name_joined(call: ast.Call) -> str:
    """`parts` of `", ".join(parts)`; "" for any other call."""
    owner = getattr(call.func, "value", None)
    if called_name(call) != "join" or not isinstance(owner, ast.Constant) or len(call.args) != 1:
        return ""
    return str(getattr(call.args[0], "id", ""))


def _put_where_joined(statement: ast.stmt, name: str, first: _Begun) -> None:
    """Replace a name by its list of strings, if a statement only joins it."""
    names = [one for one in ast.walk(statement) if getattr(one, "id", None) == name]
    calls = [one for one in ast.walk(statement) if isinstance(one, ast.Call)]
    found = [call for call in calls if _name_joined(call) == name]
    value = first.value
    if len(names) != 1 or len(found) != 1 or not isinstance(value, ast.List):
        return
    if any(map(is_text, value.elts)):
        found[0].args = [value]
        first.value = ast.copy_location(ast.List(elts=[], ctx=ast.Load()), value)


def _begun(statement: ast.stmt, joined: Collection[str]) -> tuple[str, _Begun | None]:
    """The name to which a statement assigns a string, or a list of messages or of nothing.

    Also one of strings, if the code joins it.
    """
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return "", None
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    value = statement.value
    target = targets[0]
    is_list = isinstance(value, ast.List) and (
        not value.elts or _has_messages(value) or getattr(target, "id", "") in joined
    )
    is_begun = len(targets) == 1 and (is_list or is_text(value))
    return (target.id, statement) if is_begun and isinstance(target, ast.Name) else ("", None)


def _changed_name(statement: ast.stmt) -> str:
    """The name that a statement, or the first one below an `if`, may add to; "" without one."""
    while isinstance(statement, ast.If):
        statement = statement.body[0]
    if isinstance(statement, ast.AugAssign):
        return str(getattr(statement.target, "id", ""))
    if isinstance(statement, ast.Assign):
        return str(getattr(statement.targets[0], "id", ""))
    call = statement.value if isinstance(statement, ast.Expr) else None
    return str(getattr(getattr(getattr(call, "func", None), "value", None), "id", ""))


_Accepts = Callable[[ast.expr], bool]
"""Whether an element can be one of a list."""


def _extend(first: _Begun, name: str, statement: ast.stmt, joined: Collection[str]) -> bool:
    """Add what a statement adds to what begins earlier; False if it does anything else."""
    value = first.value
    assert value is not None
    accepts = _is_element if name in joined else is_message
    found = _added(statement, name, accepts if isinstance(value, ast.List) else None)
    if found is None:
        return False
    if isinstance(value, ast.List):
        value.elts += found
    else:
        first.value = _sum([value, *found])
    return True


def _is_element(node: ast.expr) -> bool:
    return not isinstance(node, ast.Starred)


def _added(statement: ast.stmt, name: str, accepts: _Accepts | None) -> list[ast.expr] | None:
    """What a statement adds to a list of what is accepted, or to a string without it.

    None if it does anything else.
    """
    if isinstance(statement, ast.If):
        return _added_below(statement, name, accepts)
    if _changed_name(statement) != name:
        return None
    if accepts is not None:
        return _elements_added(statement, name, accepts)
    summand = _summand(statement, name)
    return None if summand is None else [summand]


def _elements_added(statement: ast.stmt, name: str, accepts: _Accepts) -> list[ast.expr] | None:
    summand = _summand(statement, name)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if summand is None and isinstance(call, ast.Call) and len(call.args) == 1:
        if called_name(call) == "append":
            return [call.args[0]] if accepts(call.args[0]) else None
        summand = call.args[0] if called_name(call) == "extend" else None
    if isinstance(summand, ast.List):
        return summand.elts if all(map(accepts, summand.elts)) else None
    if not isinstance(summand, ast.Name | ast.Attribute) or accepts is _is_element:
        return None
    return [ast.copy_location(ast.Starred(value=summand, ctx=ast.Load()), summand)]


def _summand(statement: ast.stmt, name: str) -> ast.expr | None:
    """What `text += …` or `text = text + …` adds to a name; None for any other statement."""
    if isinstance(statement, ast.AugAssign):
        is_added = isinstance(statement.op, ast.Add)
        return (
            statement.value if is_added and not reads(statement.value, statement.target) else None
        )
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.BinOp):
        return None
    first, *others = operands(statement.value)
    if getattr(first, "id", None) != name or not others:
        return None
    return _sum(others) if not any(reads(one, first) for one in others) else None


def _added_below(statement: ast.If, name: str, accepts: _Accepts | None) -> list[ast.expr] | None:
    """What an `if` adds, as conditional expressions; None if it does anything else."""
    if any(getattr(node, "id", None) == name for node in ast.walk(statement.test)):
        return None
    branches: list[list[ast.expr]] = []
    for body in (statement.body, statement.orelse):
        found = [_added(one, name, accepts) for one in body]
        if any(one is None for one in found):
            return None
        branches.append([value for one in found for value in one or ()])
    then, otherwise = branches
    if accepts is None:
        nothing = ast.copy_location(ast.Constant(""), statement)
        return [_either(statement, statement.test, *(_sum(one or [nothing]) for one in branches))]
    if any(isinstance(one, ast.Starred) for one in (*then, *otherwise)):
        return None
    none = ast.copy_location(ast.Constant(None), statement)
    return [
        *(_either(one, statement.test, one, none) for one in then),
        *(_either(one, negated(statement.test), one, none) for one in otherwise),
    ]


def _either(at: ast.AST, test: ast.expr, body: ast.expr, orelse: ast.expr) -> ast.expr:
    return ast.copy_location(ast.IfExp(test=test, body=body, orelse=orelse), at)


def _sum(values: Sequence[ast.expr]) -> ast.expr:
    """Values joined by `+`, at the place of the first one."""
    found = values[0]
    for value in values[1:]:
        joined = ast.BinOp(left=found, op=ast.Add(), right=value)
        found = ast.copy_location(joined, found)
    return found


def _only_adds(statement: ast.stmt, name: str) -> bool:
    """Whether a statement does no more with a name than to add to it, so that it may go on."""
    owners = {
        node.func.value
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _EXTENDING
    }
    targets = {node.target for node in ast.walk(statement) if isinstance(node, ast.AugAssign)}
    return all(
        node in owners or node in targets
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and node.id == name
    )


def _is_number(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


_FALLBACKS: Mapping[type[ast.expr], str] = {ast.Call: "template", ast.List: "messages"}
_CREW = ("role", "goal", "backstory", "description", "expected_output")


def _is_agent(node: ast.Call) -> bool:
    """Whether it is an agent of CrewAI, whose `goal` joins its `backstory`."""
    given = {one.arg: one.value for one in node.keywords}
    return {"goal", "backstory"} <= given.keys() and is_text(given["backstory"])


def _is_task(node: ast.Call) -> bool:
    given = {one.arg: one.value for one in node.keywords}
    is_task = "description" in given and bool(given.keys() & _OF_TASK) and "goal" not in given
    return is_task and is_text(given["description"])


def is_text(node: ast.AST) -> bool:
    """Whether an expression is a string as far as its form shows it."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        if isinstance(node.op, ast.Add) and is_text(node.right):
            return True
        node = node.left
    if not isinstance(node, ast.Call):
        is_constant = isinstance(node, ast.Constant) and isinstance(node.value, str)
        return is_constant or isinstance(node, ast.JoinedStr)
    name = called_name(node)
    if name in _CLEANERS:
        return len(node.args) == 1 and is_text(node.args[0])
    if name not in _TEXT_METHODS or not isinstance(node.func, ast.Attribute):
        return False
    if name == "join":
        listed = node.args[0] if len(node.args) == 1 else None
        return isinstance(listed, ast.List | ast.Tuple) and any(map(is_text, listed.elts))
    return is_text(node.func.value)


def _is_signature(node: ast.AST | None, first: ast.Expr) -> bool:
    """Whether it is a class of `dspy.Signature` that begins with a docstring."""
    if not isinstance(node, ast.ClassDef) or node.body[0] is not first:
        return False
    return any(_last(one) == "Signature" for one in node.bases)


def _has_messages(node: ast.List) -> bool:
    return is_message_list(node) or any(is_message(one) for one in node.elts)


def sent_texts(node: ast.Call) -> list[ast.expr]:
    """The first argument of a method such as `invoke`; `prompt` of a call for a completion."""
    if called_name(node) in _INVOKING and isinstance(node.func, ast.Attribute):
        return node.args[:1]
    if called_name(node) in _COMPLETING:
        return [keyword.value for keyword in node.keywords if keyword.arg == "prompt"]
    return []


def is_request(node: ast.Call) -> bool:
    """Whether a call sends texts to a model: `client.chat.completions.create(messages=[…])`."""
    if is_chat_template(node):
        return False
    if calls_gemini(node):
        return sends_to_gemini(node)
    if sent_messages(node) is not None:
        return True
    keys = {keyword.arg for keyword in node.keywords if _is_text(keyword)}
    if "messages" in keys:
        return True
    owner = getattr(node.func, "value", None)
    of_responses = isinstance(owner, ast.Attribute) and owner.attr == "responses"
    return of_responses and called_name(node) in SENDING_METHODS and bool(keys & _OF_RESPONSES)


def _is_text(keyword: ast.keyword) -> bool:
    if keyword.arg not in _MESSAGE_KEYWORDS or isinstance(keyword.value, ast.Name):
        return False
    return keyword.arg != "messages" or joined_lists(keyword.value) is not None


def calls_model(node: ast.Call) -> bool:
    """Whether a call is one of a model by its name and its arguments, whatever it sends."""
    keys = {keyword.arg for keyword in node.keywords}
    is_named = called_name(node) in SENDING_METHODS | _COMPLETING
    return calls_gemini(node) or sum((is_named, "model" in keys, "messages" in keys)) > 1


def _key_of(found: ast.Dict, value: ast.AST) -> str:
    for key, item in zip(found.keys, found.values, strict=True):
        if item is value:
            return str(getattr(key, "value", ""))
    return ""


def _default_of(arguments: ast.arguments, value: ast.AST) -> str:
    positional = [*arguments.posonlyargs, *arguments.args]
    given = [*positional[len(positional) - len(arguments.defaults) :], *arguments.kwonlyargs]
    pairs = zip(given, [*arguments.defaults, *arguments.kw_defaults], strict=True)
    return next((one.arg for one, default in pairs if default is value), "")


def _subscript_key(target: ast.AST) -> str:
    """`text` of `found["text"]`, which is assigned to; "" for anything else."""
    key = target.slice if isinstance(target, ast.Subscript) else None
    return str(key.value) if isinstance(key, ast.Constant) else ""


def _keeps(call: ast.Call, inner: ast.AST) -> bool:
    """Whether a call makes a template of a string, or fills it in."""
    return (
        inner is call.func
        or called_name(call) in TEMPLATE_CALLS
        or is_chat_template(call)
        or text_template(call) is not None
    )


def _last(node: ast.AST) -> str:
    """The last name of a decorator: `system_prompt` of `@agent.system_prompt`."""
    found = node.func if isinstance(node, ast.Call) else node
    return found.attr if isinstance(found, ast.Attribute) else str(getattr(found, "id", ""))


def reads(value: ast.expr, target: ast.expr) -> bool:
    """Whether an expression reads a name or an attribute, so that its value is changed by it."""
    name = _last_name(target)
    return name is not None and any(
        _last_name(node) == name and ast.unparse(node) == ast.unparse(target)
        for node in ast.walk(value)
    )


def _last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


# What Python code does with a string after its assignment: fill it in, or add to it.

_EXTENDING = frozenset(("append", "extend", "insert"))
_PASSED_AS = frozenset(
    str.split("system system_prompt system_message system_instruction instructions user_prompt")
)
_FILLING = frozenset(("format", "replace", "strip", "format_map"))


_STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Raise, ast.Assert)
_USING = frozenset((ast.Call, ast.keyword, ast.Dict, ast.BinOp, *_STATEMENTS))
"""The nodes that may use a string; most others are names and constants."""


@record(frozen=True, slots=True, kw_only=True)
class StringUses:
    """By the key of a candidate.

    Attributes:
        filled: The first call of `.format`, operation `%`, or call of a prompt template.
        extended: The statements that add to it, or change it.
        sent: The first call of a model that sends a list of messages.
        sent_strings: The keys of strings that are sent to a model, or that a prompt is made of.
        reported: The keys of what the code raises, logs or prints.
        assigned: How often the code assigns to it.
    """

    filled: Mapping[str, ast.expr]
    extended: Mapping[str, Sequence[ast.AST]]
    sent: Mapping[str, ast.Call]
    sent_strings: Collection[str]
    reported: Collection[str]
    assigned: Mapping[str, int]


def string_uses(nodes: Sequence[tuple[Scope, ast.AST]], keys: Collection[str]) -> StringUses:
    """The uses of the strings, and of the lists of messages, with these keys."""
    loops = _loops(nodes)
    filled: dict[str, ast.expr] = {}
    extended: dict[str, list[ast.AST]] = {}
    sent: dict[str, ast.Call] = {}
    sent_strings: set[str] = set()
    reported: set[str] = set()
    assigned: Counter[str] = Counter()
    for scope, node in nodes:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            assigned[target_name(node, scope) or ""] += 1
        if type(node) not in _USING:
            continue
        for target, use in _filled(node):
            for origin in _origins(target, scope, loops):
                key = resolved_key(origin, scope, keys)
                if key is not None:
                    filled.setdefault(key, use)
        for messages, call in _sent(node):
            key = resolved_key(messages, scope, keys)
            if key is not None:
                sent.setdefault(key, call)
        changed = _extended(node)
        key = None if changed is None else resolved_key(changed, scope, keys)
        if key is not None:
            extended.setdefault(key, []).append(node)
        for used, parts in ((sent_strings, _passed_argument(node)), (reported, _reported(node))):
            found = (resolved_key(name, scope, keys) for part in parts for name in _names(part))
            used.update(key for key in found if key is not None)
    return StringUses(
        filled=filled,
        extended=extended,
        sent=sent,
        sent_strings=sent_strings,
        reported=reported,
        assigned=assigned,
    )


def resolved_key(target: ast.expr, scope: Scope, keys: Collection[str]) -> str | None:
    """The key of the candidate that an expression refers to; None if it is not one."""
    written = target_name(target, scope)
    return None if written is None else resolved(written, keys)


def _filled(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Strings that an expression fills in, with the expression."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        yield node.left, node
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "format_map"):
            yield node.func.value, node
        elif called_name(node) in TEMPLATE_CALLS:
            text = argument(node, "template")
            yield from [] if text is None else [(text, node)]


_Loops = Mapping[str, Sequence[ast.expr]]
"""What a variable of a loop runs over, by its full name."""


def _loops(nodes: Iterable[tuple[Scope, ast.AST]]) -> _Loops:
    found: dict[str, list[ast.expr]] = {}
    for scope, node in nodes:
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    found.setdefault(f"{scope.name}{name.id}", []).append(node.iter)
    return found


def _origins(target: ast.expr, scope: Scope, loops: _Loops) -> Iterator[ast.expr]:
    """What a string is an element of: `MESSAGES` for `m["content"]` in `for m in MESSAGES`."""
    waiting, seen = [target], set[str]()
    while waiting:
        node = waiting.pop()
        while isinstance(node, ast.Subscript):
            node = node.value
        yield node
        name = f"{scope.name}{node.id}" if isinstance(node, ast.Name) else ""
        if name in loops and name not in seen:
            seen.add(name)
            for iterated in loops[name]:
                waiting += (one for one in ast.walk(iterated) if isinstance(one, ast.Name))


def _sent(node: ast.AST) -> Iterator[tuple[ast.expr, ast.Call]]:
    """Names of messages that a call sends to a model, with the call."""
    if isinstance(node, ast.Call) and called_name(node) in SENDING_METHODS:
        yield from ((one.value, node) for one in node.keywords if one.arg == "messages")


def _passed_argument(node: ast.AST) -> Iterator[ast.expr]:
    """What a call sends to a model, the texts of messages, and what a `prompt` is made of."""
    if isinstance(node, ast.keyword) and node.arg in _PASSED_AS:
        yield node.value
    elif isinstance(node, ast.Call):
        yield from sent_texts(node)
        message = message_fields(node)
        if message is not None and message[0] in _ROLES:
            yield message[1]
    elif isinstance(node, ast.Dict):
        if any(getattr(key, "value", None) == "role" for key in node.keys):
            yield from _contents(node)
    elif isinstance(node, ast.Assign) and _is_prompt_name(node.targets[0]):
        yield from [node.value] if isinstance(node.value, ast.BinOp | ast.Call) else []


def _is_prompt_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and "prompt" in target.id.lower()


def _extended(node: ast.AST) -> ast.expr | None:
    """The string or list that a statement adds to."""
    if isinstance(node, ast.AugAssign):
        return None if isinstance(node.op, ast.Mod) else node.target
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in _EXTENDING:
            return function.value
    if isinstance(node, ast.Assign) and reads(node.value, node.targets[0]):
        return None if _only_fills(node.value) else node.targets[0]
    return _returned_sum(node) if isinstance(node, ast.Return) else None


def appends_message(statement: ast.AST) -> bool:
    """Whether a statement adds `{"role": …, "content": "…"}` with a string to a list."""
    return any(
        isinstance(node, ast.Dict)
        and any(getattr(key, "value", None) == "role" for key in node.keys)
        and any(
            isinstance(value, ast.JoinedStr | ast.BinOp | ast.Constant) for value in _contents(node)
        )
        for node in ast.walk(statement)
    )


def _contents(node: ast.Dict) -> list[ast.expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return [value for key, value in pairs if getattr(key, "value", None) == "content"]


def _returned_sum(node: ast.Return) -> ast.expr | None:
    """The variable that a returned sum begins with; a constant of the file is read with the sum."""
    first = node.value
    while isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add):
        first = first.left
    is_variable = isinstance(first, ast.Name) and not first.id.isupper()
    return first if is_variable and first is not node.value else None


def _only_fills(value: ast.expr) -> bool:
    """Whether a call fills in a string, or only strips it."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Mod)
    if not isinstance(value, ast.Call) or called_name(value) not in _FILLING:
        return False
    first = getattr(next(iter(value.args), None), "value", "")
    return called_name(value) != "replace" or (isinstance(first, str) and "{" in first)


def _reported(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement or a call raises, logs, prints, or compares with an error."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield from (*node.exc.args, *(keyword.value for keyword in node.exc.keywords))
    elif isinstance(node, ast.Assert) and node.msg is not None:
        yield node.msg
    elif isinstance(node, ast.Call) and called_name(node).lower() in _REPORTING:
        yield from node.args
    elif isinstance(node, ast.keyword) and node.arg in _COMPARING:
        yield node.value


def _names(node: ast.expr) -> Iterator[ast.expr]:
    """The names in an expression, without what is only passed to other calls."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.Call) and called_name(node) == "format":
        yield node.func.value if isinstance(node.func, ast.Attribute) else node
    elif isinstance(node, ast.Name | ast.Attribute):
        yield node
