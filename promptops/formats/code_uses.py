"""Where code uses a prompt by its name, in which role, and with which model."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from promptops.formats.document import Loss, SourceDocument, SourceMessage
from promptops.formats.python_candidates import calls_model, resolved_key
from promptops.formats.python_messages import PythonMessages, role_of_message
from promptops.formats.python_strings import (
    PythonExpressions,
    Scope,
    called_name,
    scoped_nodes,
    target_name,
)
from promptops.formats.translation import InputNames
from promptops.model.imported import UsedAt
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import some
from promptops.records import record, replace

_IMPORT_LINE = lazy_pattern(r"\s*(?:import|export \{|\} from)\b")
_DECLARED = lazy_pattern(r"(?:const|let|var|function)\s+\Z")

Names = Mapping[str, str]
"""What a name of a file refers to: `PATH::KEY`."""


@record(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """A call of a model in code.

    Attributes:
        fields: Keys of a prompt file: the model, its parameters, the output and the tools.
        losses: What of the call is not carried.
    """

    place: Place
    fields: Mapping[str, Any]
    losses: tuple[Loss, ...]


@record(frozen=True, slots=True, kw_only=True)
class CodeUse:
    """A use of a text.

    Attributes:
        roles: Of the messages in which the code sends it.
        calls: Of models that send it.
    """

    used_at: UsedAt
    roles: frozenset[str] = frozenset()
    calls: tuple[ModelCall, ...] = ()


def code_uses(files: Mapping[str, str], wanted: Iterable[str]) -> dict[str, list[CodeUse]]:
    """The uses of texts, in the order of the files.

    Args:
        files: The sources of Python, TypeScript and JavaScript, by their paths.
        wanted: `PATH::KEY` of each text.
    """
    found: dict[str, list[CodeUse]] = {one: [] for one in wanted}
    for path, source in files.items():
        uses = _in_python(path, source, found) if path.endswith(".py") else ()
        if not path.endswith(".py"):
            uses = _in_typescript(path, source, found)
        for key, use in uses:
            found[key].append(use)
    return found


def with_calls(document: SourceDocument, uses: Sequence[CodeUse]) -> SourceDocument:
    """The prompt with the role, the model and its parameters that the code sends it with.

    An IMP107 if several calls differ. What the prompt has of its own call stays as it is.
    """
    calls = list({call.place: call for use in uses for call in use.calls}.values())
    named = _with_role(document, frozenset().union(*(use.roles for use in uses)))
    is_known = "model" in named.fields or any(loss.code == "IMP107" for loss in named.losses)
    if is_known or not calls:
        return named
    if all(call.fields == calls[0].fields for call in calls):
        fields = {**named.fields, **calls[0].fields}
        return replace(named, fields=fields, losses=(*named.losses, *calls[0].losses))
    places = some([f"{call.place.path}:{call.place.line}" for call in calls], _MOST_CALLS, "call")
    message = f"calls with different models or parameters send this prompt: {places}"
    loss = Loss(code="IMP107", message=message, place=named.place, hint=_CHOOSE)
    return replace(named, losses=(*named.losses, loss))


_MOST_CALLS = 3
_CHOOSE = "write `model:` of the prompt file"


def _with_role(document: SourceDocument, roles: frozenset[str]) -> SourceDocument:
    """The document of one message with the role that the code gives it."""
    message = next(iter(document.messages), None)
    if len(roles) != 1 or len(document.messages) != 1 or not isinstance(message, SourceMessage):
        return document
    (role,) = roles
    losses = tuple(loss for loss in document.losses if loss.code != "IMP311")
    return replace(document, messages=(replace(message, role=role),), losses=losses)


def _in_python(path: str, source: str, wanted: Iterable[str]) -> Iterator[tuple[str, CodeUse]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(scoped_nodes(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    own = {one.partition("::")[2]: one for one in wanted if one.partition("::")[0] == path}
    own |= dict(_imported(nodes, wanted))
    if not own:
        return
    parents = {child: node for _, node in nodes for child in ast.iter_child_nodes(node)}
    places = PythonExpressions(path, source)
    sending = _Sending(nodes, parents, places)
    for scope, node in nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            key = _key(node, scope, own)
            kind = None if key is None else _kind(node, parents)
            if key is not None and kind is not None:
                used_at = UsedAt(place=places.place(node), kind=kind[0], arguments=kind[1])
                roles, calls = sending.of(node)
                yield own[key], CodeUse(used_at=used_at, roles=roles, calls=calls)


def _key(node: ast.Name | ast.Attribute, scope: Scope, own: Names) -> str | None:
    written = ast.unparse(node)
    return written if written in own else resolved_key(node, scope, own)


def _imported(
    nodes: Iterable[tuple[Scope, ast.AST]], wanted: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """The names that a file imports, or has below a module that it imports."""
    for _, node in nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                local = alias.asname or alias.name
                for one in wanted:
                    path, _, key = one.partition("::")
                    if key == alias.name and _is_module(path, node.module or ""):
                        yield local, one
                    elif _is_module(path, f"{node.module or ''}.{alias.name}"):
                        yield f"{local}.{key}", one
        elif isinstance(node, ast.Import):
            for alias in node.names:
                for one in wanted:
                    path, _, key = one.partition("::")
                    if _is_module(path, alias.name):
                        yield f"{alias.asname or alias.name}.{key}", one


def _is_module(path: str, module: str) -> bool:
    """Whether a file has the name of a module; the folders around the package are not known."""
    steps = PurePosixPath(path.removesuffix("/__init__.py")).with_suffix("").parts
    names = [name for name in module.split(".") if name]
    count = min(len(steps), len(names))
    return count > 0 and list(steps[-count:]) == names[-count:]


def _kind(node: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> tuple[str, tuple[str, ...]] | None:
    """What the code does with a text, and the names of the values that it passes."""
    around = parents.get(node)
    if isinstance(around, ast.Attribute):
        call = parents.get(around)
        is_call = isinstance(call, ast.Call) and call.func is around
        if isinstance(call, ast.Call) and is_call and around.attr in ("format", "substitute"):
            return "format", _arguments(call)
        return ("method", (around.attr,)) if is_call else None
    if isinstance(around, ast.Call):
        is_called = around.func is node
        return ("call", _arguments(around)) if is_called else ("argument", (called_name(around),))
    if isinstance(around, ast.keyword):
        return "argument", (around.arg or "**",)
    is_filled = isinstance(around, ast.BinOp) and isinstance(around.op, ast.Mod)
    return ("percent" if is_filled else "read"), ()


def _arguments(call: ast.Call) -> tuple[str, ...]:
    return (*map(ast.unparse, call.args), *(one.arg or "**" for one in call.keywords))


# From a text to the calls that send it, through variables, messages and lists of one file.

_FILLING = frozenset(
    str.split(
        "format format_map replace strip lstrip rstrip substitute safe_substitute render copy"
    )
)
_CLEANING = frozenset(("dedent", "cleandoc", "str", "cast", "list", "tuple", "Template"))
_ADDING = frozenset(("append", "extend", "insert"))
_AROUND = (
    ast.List,
    ast.Tuple,
    ast.Starred,
    ast.IfExp,
    ast.BoolOp,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Await,
)
_ROLE_OF_ARGUMENT = {
    **dict.fromkeys(
        ("system", "system_prompt", "system_message", "system_instruction", "instructions"),
        "system",
    ),
    "user_prompt": "user",
}
_SENT_ARGUMENTS = frozenset(
    ("messages", "input", "contents", "prompt", "config", "generation_config", *_ROLE_OF_ARGUMENT)
)
_CONTENT_KEYS = frozenset(("content", "text", "message", "parts", "template"))

_Step = tuple[ast.AST, str | None]
"""A value that contains the text, and the role of its message if it is known."""


class _Sending:
    """The calls of models in one file."""

    def __init__(
        self,
        nodes: Sequence[tuple[Scope, ast.AST]],
        parents: Mapping[ast.AST, ast.AST],
        expressions: PythonExpressions,
    ) -> None:
        self._nodes = nodes
        self._parents = parents
        self._expressions = expressions
        self._scopes = {node: scope for scope, node in nodes}
        self._reads: Mapping[str, Sequence[ast.expr]] | None = None
        self._calls: dict[ast.Call, ModelCall] = {}

    def of(self, text: ast.expr) -> tuple[frozenset[str], tuple[ModelCall, ...]]:
        """The roles in which the code sends a text that it reads here, and the calls that do."""
        roles: set[str] = set()
        calls: list[ast.Call] = []
        waiting: list[_Step] = [(text, None)]
        seen: set[ast.AST] = set()
        while waiting:
            node, role = waiting.pop()
            around = self._parents.get(node)
            if node in seen or around is None:
                continue
            seen.add(node)
            role, call = self._sent(node, around, role)
            if call is not None:
                calls.append(call)
            if role is not None:
                roles.add(role)
            waiting += ((one, role) for one in self._next(node, around))
        return frozenset(roles), tuple(map(self._call, calls))

    def _call(self, node: ast.Call) -> ModelCall:
        if node not in self._calls:
            self._expressions.losses.clear()
            messages = PythonMessages(self._expressions, InputNames(), lambda *_: None)
            fields = messages.request_fields(node)
            losses = tuple(self._expressions.losses)
            place = self._expressions.place(node)
            self._calls[node] = ModelCall(place=place, fields=fields, losses=losses)
        return self._calls[node]

    def _sent(
        self, node: ast.AST, around: ast.AST, role: str | None
    ) -> tuple[str | None, ast.Call | None]:
        """The role of a text, which the message or the argument around it may give; the call."""
        above = self._parents.get(around)
        if isinstance(around, ast.keyword) and isinstance(above, ast.Call):
            given = _ROLE_OF_ARGUMENT.get(around.arg or "") or role_of_message(above, around.value)
            is_sent = around.arg in _SENT_ARGUMENTS and calls_model(above)
            return role or given, above if is_sent else None
        if isinstance(around, ast.Call) and node in around.args and calls_model(around):
            return role, around
        if isinstance(around, ast.expr) and isinstance(node, ast.expr):
            return role or role_of_message(around, node), None
        return role, None

    def _next(  # noqa: PLR0912  # one branch for each kind of node around a value
        self, node: ast.AST, around: ast.AST
    ) -> Iterator[ast.AST]:
        """The values that contain this one."""
        above = self._parents.get(around)
        if isinstance(around, ast.Attribute):
            if isinstance(above, ast.Call) and above.func is around and around.attr in _FILLING:
                yield above
        elif isinstance(around, ast.Call):
            if around.func is node or called_name(around) in _CLEANING:
                yield around
            elif called_name(around) in _ADDING and isinstance(around.func, ast.Attribute):
                yield from self._later_reads(around.func.value, around)
            elif isinstance(node, ast.expr) and role_of_message(around, node) is not None:
                yield around
        elif isinstance(around, ast.keyword):
            if (around.arg in _CONTENT_KEYS or around.arg in _ROLE_OF_ARGUMENT) and above:
                yield above
        elif isinstance(around, ast.Dict):
            if _key_in(around, node) in _CONTENT_KEYS:
                yield around
        elif isinstance(around, ast.BinOp):
            is_filled = isinstance(around.op, ast.Mod) and around.left is node
            if is_filled or isinstance(around.op, ast.Add):
                yield around
        elif isinstance(around, _AROUND):
            yield around
        elif isinstance(around, ast.Assign | ast.AnnAssign | ast.AugAssign):
            target = around.targets[0] if isinstance(around, ast.Assign) else around.target
            yield from self._later_reads(target, around)
        elif isinstance(around, ast.Return):
            yield from self._reads_of(self._scopes[around].name.rstrip("."))

    def _later_reads(self, target: ast.expr, at: ast.AST) -> Iterator[ast.AST]:
        """Where the code reads a variable after a statement that sets it, until the next one."""
        scope = self._scopes.get(target, Scope())
        while not isinstance(at, ast.stmt):
            at = self._parents[at]
        first, last = at.lineno, self._next_assignment(target, at)
        for node in self._reads_of(target_name(target, scope) or ""):
            is_near = self._scopes[node].name == scope.name and isinstance(target, ast.Name)
            if not is_near or first < node.lineno <= last:
                yield node

    def _next_assignment(self, target: ast.expr, at: ast.AST) -> float:
        """The last line of the next statement of the same block that sets the variable."""
        block = self._parents.get(at)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(block, name, None)
            if isinstance(statements, list) and at in statements:
                for one in statements[statements.index(at) + 1 :]:
                    targets = one.targets if isinstance(one, ast.Assign) else []
                    if any(ast.unparse(each) == ast.unparse(target) for each in targets):
                        return float(one.end_lineno or one.lineno)
        return float("inf")

    def _reads_of(self, name: str) -> Sequence[ast.expr]:
        """Where the code reads what a full name refers to."""
        if self._reads is None:
            names = set(self._set_names())
            reads: dict[str, list[ast.expr]] = {}
            for scope, node in self._nodes:
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    key = resolved_key(node, scope, names)
                    if key is not None:
                        reads.setdefault(key, []).append(node)
            self._reads = reads
        return self._reads.get(name, ())

    def _set_names(self) -> Iterator[str]:
        """The full names of variables, attributes and functions that the file sets."""
        for scope, node in self._nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{scope.name}{node.name}"
            elif isinstance(getattr(node, "ctx", None), ast.Store):
                yield target_name(node, scope) or ""


def _key_in(found: ast.Dict, value: ast.AST) -> str:
    pairs = zip(found.keys, found.values, strict=True)
    return next((str(getattr(key, "value", "")) for key, one in pairs if one is value), "")


def _in_typescript(path: str, source: str, wanted: Iterable[str]) -> Iterator[tuple[str, CodeUse]]:
    """Each other line with the name of a text, in its file and in those that import the name."""
    for one in wanted:
        own, _, key = one.partition("::")
        if own.endswith(".py") or key not in source:
            continue
        name = re.compile(rf"(?<![\w$.]){re.escape(key)}(?![\w$:])")
        if own != path and not re.search(rf"import[^;]{{0,2000}}\b{re.escape(key)}\b", source):
            continue
        for number, line in enumerate(source.split("\n"), 1):
            match = name.search(line)
            if match is None or _IMPORT_LINE.match(line) or _DECLARED.search(line[: match.start()]):
                continue
            kind = "call" if line[match.end() : match.end() + 1] == "(" else "read"
            place = Place(path, number, match.start() + 1, number, match.end() + 1)
            yield one, CodeUse(used_at=UsedAt(place=place, kind=kind, arguments=()))
