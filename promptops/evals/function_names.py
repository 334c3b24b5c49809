"""Check that the functions of `python` assertions and `evaluation.retrieve` exist; no code runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from promptops.catalog.references import ReferenceResolver
from promptops.catalog.surroundings import Surroundings
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference
from promptops.model.place import Offsets, Place
from promptops.records import field, record
from promptops.source.document import MAX_BYTES
from promptops.suggestions import LimitedLookups, did_you_mean

_STATES = {
    "untracked": "it is untracked: git add '{}'",
    "ignored": "it is ignored by git: git add --force '{}'",
    "unstaged": "it is not staged: git add '{}'",
    "tracked": "it is on disk only: commit '{}'",
}


@record(frozen=True, slots=True)
class WrongFunction:
    """Why `FILE:FUNCTION` names no function.

    Attributes:
        within: The characters of the file, or of the function.
    """

    message: str
    hint: str | None
    within: Offsets


@record(frozen=True, slots=True)
class FunctionFiles:
    """The Python files of one tree, by their syntax.

    A result depends on files that the prompt does not need, so `surroundings` records the use.
    """

    resolver: ReferenceResolver
    surroundings: Surroundings
    _names: dict[str, frozenset[str] | str | None] = field(default_factory=dict)
    _lookups: LimitedLookups = field(default_factory=LimitedLookups)

    def wrong(self, written: str, base: str) -> WrongFunction | None:
        """What is wrong with `FILE:FUNCTION` in the file `base`; None if it may exist."""
        path, _, name = written.rpartition(":")
        found = self.resolver.follow("template", path, Place(base), base)
        of_path, of_name = (0, len(path)), (len(path) + 1, len(written))
        if isinstance(found, Problem):
            return WrongFunction(found.message, found.hint, of_path)
        if not found.found:
            return self._missing(path, base, found, of_path)
        names = self._names_in(found.target)
        if isinstance(names, str):
            return WrongFunction(f"`{path}` has a syntax error{names}", "fix it", of_path)
        if names is None or name in names:
            return None
        return WrongFunction(
            f"there is no function `{name}` in `{path}`",
            self._lookups.find(f"{path}:{name}", lambda: did_you_mean(name, sorted(names))),
            of_name,
        )

    def _missing(
        self, path: str, base: str, reference: FileReference, within: Offsets
    ) -> WrongFunction | None:
        if self.surroundings.files.is_unmerged(reference.target):
            return None
        state = _STATES.get(self.surroundings.state(reference.target) or "", "")
        hint = state.format(reference.target) or self._lookups.find(
            path, lambda: self._near(path, base)
        )
        return WrongFunction(f"there is no file `{path}`", hint, within)

    def _near(self, path: str, base: str) -> str | None:
        near = self.resolver.nearest("template", path, base)
        return f"did you mean `{near}`?" if near else None

    def _names_in(self, path: str) -> frozenset[str] | str | None:
        """The names of a file; why it can't be read; None if it may have others."""
        if path not in self._names:
            self._names[path] = _defined_names(self.surroundings.content(path) or b"")
        return self._names[path]


def _defined_names(source: bytes) -> frozenset[str] | str | None:
    if len(source) > MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a string would be printed
            body = ast.parse(source).body
    except SyntaxError as error:
        line = f" in line {error.lineno}" if error.lineno else ""
        return f"{line}: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        return None
    names: set[str] = set()
    for node in _of_module(body):
        if isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names):
            return None
        names.update(_bound(node))
    return None if names & _DYNAMIC else frozenset(names)


_DYNAMIC = {"exec", "globals", "setattr", "vars"}
"""A module that uses them may have names that its syntax does not show."""


def _of_module(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a module outside of functions and classes."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node defines or, for `_DYNAMIC`, uses."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.Name) and (isinstance(node.ctx, ast.Store) or node.id in _DYNAMIC):
        yield node.id
