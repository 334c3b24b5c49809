"""Where code uses a prompt by its name: what a person replaces after an import."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from promptops.formats.python_candidates import resolved_key
from promptops.formats.python_strings import PythonExpressions, Scope, called_name, scoped_nodes
from promptops.model.imported import UsedAt
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_IMPORT_LINE = lazy_pattern(r"\s*(?:import|export \{|\} from)\b")
_DECLARED = lazy_pattern(r"(?:const|let|var|function)\s+\Z")

Names = Mapping[str, str]
"""What a name of a file refers to: `PATH::KEY`."""


def code_uses(files: Mapping[str, str], wanted: Iterable[str]) -> dict[str, list[UsedAt]]:
    """The uses of texts, in the order of the files.

    Args:
        files: The sources of Python, TypeScript and JavaScript, by their paths.
        wanted: `PATH::KEY` of each text.
    """
    found: dict[str, list[UsedAt]] = {one: [] for one in wanted}
    for path, source in files.items():
        uses = _in_python(path, source, found) if path.endswith(".py") else ()
        if not path.endswith(".py"):
            uses = _in_typescript(path, source, found)
        for key, use in uses:
            found[key].append(use)
    return found


def _in_python(path: str, source: str, wanted: Iterable[str]) -> Iterator[tuple[str, UsedAt]]:
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
    for scope, node in nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            key = _key(node, scope, own)
            kind = None if key is None else _kind(node, parents)
            if key is not None and kind is not None:
                yield own[key], UsedAt(place=places.place(node), kind=kind[0], arguments=kind[1])


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


def _in_typescript(path: str, source: str, wanted: Iterable[str]) -> Iterator[tuple[str, UsedAt]]:
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
            yield one, UsedAt(place=place, kind=kind, arguments=())
