"""Check that the functions of `python` assertions and `evaluation.retrieve` exist; no code runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping

from promptops.catalog.files import Surroundings
from promptops.catalog.references import ReferenceResolver
from promptops.evals.case_assertions import WrittenAssertion, each_written
from promptops.evals.case_expressions import Expression, read_expression
from promptops.evals.output_keys import unknown_output_key
from promptops.evals.parse import Assertion, parse
from promptops.evals.registry import kind_of
from promptops.evals.subject import NAMES, On
from promptops.evals.verdict import NamedPart
from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference
from promptops.model.place import Offsets, Place
from promptops.model.prompt import Prompt, Tool
from promptops.plurals import some
from promptops.records import field, record, replace
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


# Check that tools, arguments, inputs, keys and functions that cases name exist.

_OPEN = ("additionalProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf")
"""Keys of an input schema with which inputs may exist that `properties` does not list."""

_MOST_LISTED = 20
_INPUTS = "inputs"


def problems_of_names(
    prompt: Prompt, functions: FunctionFiles, *, tools: Collection[str] | None = None
) -> Iterator[Problem]:
    """Tools, arguments and inputs that the prompt does not have, and functions that don't exist.

    `tools` are the names of its tools; None if they are not all known.
    """
    defined = {tool.name: tool for tool in reversed(prompt.tools)}
    known = _KnownNames(tools=tools, inputs=_inputs(prompt), defined=defined)
    yield from retrieved_problems(prompt)
    yield from _retrievers(prompt, functions)
    if not prompt.cases:
        return
    for written, on in _once(each_written(prompt)):
        assertion = parse(written.written, on)[0]
        if assertion is not None and on == "answer":
            yield from _unknown_path(prompt, assertion, written)
        for named in _named(assertion, on) if assertion else ():
            if named.kind == "function":
                wrong = functions.wrong(named.name, written.path)
                if wrong is not None:
                    place = written.at(named.at, False, wrong.within)
                    yield Problem(wrong.message, at=place, hint=wrong.hint)
                continue
            problem = known.problem(named)
            if problem is not None:
                message, hint = problem
                is_key = named.kind == "argument"
                yield Problem(message, at=written.at(named.at, is_key, named.within), hint=hint)


def _unknown_path(
    prompt: Prompt, assertion: Assertion, written: WrittenAssertion, at: str = ""
) -> Iterator[Problem]:
    """Keys in `path` that the output of the prompt does not have."""
    wrong = unknown_output_key(prompt.output, assertion.path or "")
    if wrong is not None:
        yield Problem(wrong[0], at=written.at(f"{at}/path", False, None), hint=wrong[1])
    for index, part in enumerate(getattr(assertion.check, "parts", ())):
        yield from _unknown_path(prompt, part, written, f"{at}/value/{index}")


def inputs_in_assertions(prompt: Prompt) -> Iterator[tuple[str, Place]]:
    """The names of inputs in assertions, in expressions too, each with its place."""
    for written, on in _once(each_written(prompt)):
        assertion = parse(written.written, on)[0]
        for named in _named(assertion, on) if assertion else ():
            if named.kind == "input":
                yield named.name, written.at(named.at, False, named.within)


def retrieved_problems(prompt: Prompt) -> Iterator[Problem]:
    """Inputs in `evaluation.retrieve` that the prompt does not have."""
    known = _KnownNames(tools=None, inputs=_inputs(prompt), defined={})
    for name in prompt.evaluation.get("retrieve") or ():
        at = f"/evaluation/retrieve/{escaped(name)}"
        problem = known.problem(NamedPart("input", name, at))
        if problem is not None:
            message, hint = problem
            yield Problem(message, at=prompt.locate(at, True), key=True, hint=hint)


def _retrievers(prompt: Prompt, functions: FunctionFiles) -> Iterator[Problem]:
    """Functions of `evaluation.retrieve` that do not exist."""
    for name, written in (prompt.evaluation.get("retrieve") or {}).items():
        at = f"/evaluation/retrieve/{escaped(name)}"
        wrong = functions.wrong(written, prompt.locate(at, False).path)
        if wrong is not None:
            place = prompt.locate(at, False, wrong.within)
            yield Problem(wrong.message, at=place, hint=wrong.hint)


@record(frozen=True, slots=True, kw_only=True)
class _KnownNames:
    """The names of the prompt; None if they are not all known."""

    tools: Collection[str] | None
    inputs: Collection[str] | None
    defined: Mapping[str, Tool]
    lookups: Mapping[str, LimitedLookups] = field(
        default_factory=lambda: {"tool": LimitedLookups(), "input": LimitedLookups()}
    )

    def problem(self, named: NamedPart) -> tuple[str, str] | None:
        """The problem with a name, and the fix."""
        if named.kind == "argument":
            tool = self.defined.get(named.tool)
            return None if tool is None else _wrong_argument(named.name, tool)
        names = self.tools if named.kind == "tool" else self.inputs
        if names is None or named.name in names:
            return None
        listed = f"its {named.kind}s: {some(sorted(names), _MOST_LISTED)}"
        otherwise = listed if names else f"the prompt has no {named.kind}s"
        return f"the prompt has no {named.kind} `{named.name}`", (
            self.lookups[named.kind].did_you_mean(named.name, names) or otherwise
        )


def _wrong_argument(name: str, tool: Tool) -> tuple[str, str] | None:
    """Of a tool that takes any argument, only a misspelt one is a problem."""
    properties = tool.parameters.get("properties") or {}
    near = did_you_mean(name, properties)
    is_open = tool.parameters.get("additionalProperties") is not False
    is_open = is_open or any(tool.parameters.get(key) for key in _OPEN[1:])
    if name in properties or (is_open and near is None):
        return None
    listed = f"its arguments: {some(sorted(properties), _MOST_LISTED)}"
    return f"the tool `{tool.name}` has no argument `{name}`", (
        near or (listed if properties else "the tool has no arguments")
    )


def _once(every: Iterable[tuple[WrittenAssertion, On]]) -> Iterator[tuple[WrittenAssertion, On]]:
    """Each mapping of the files once: cases may share one."""
    checked: set[int] = set()
    for written, on in every:
        if id(written.written) not in checked:
            checked.add(id(written.written))
            yield written, on


def _inputs(prompt: Prompt) -> Collection[str] | None:
    if any(prompt.inputs.get(key) for key in _OPEN):
        return None
    return tuple(prompt.inputs.get("properties") or ())


def _named(assertion: Assertion, on: On, at: str = "") -> Iterator[NamedPart]:
    check = assertion.check
    for named in getattr(check, "named", ()):
        if isinstance(named, NamedPart):
            yield replace(named, at=at + named.at)
    found = kind_of(assertion.type)
    for key in found[0].expressions if found else ():
        written = getattr(check, key)
        if _INPUTS in written:  # the others are not parsed once more
            yield from _in_expression(read_expression(written, NAMES[on]), f"{at}/{key}")
    if assertion.transform is not None and _INPUTS in assertion.transform.names:
        yield from _in_expression(assertion.transform, f"{at}/transform")
    for index, part in enumerate(getattr(check, "parts", ())):
        yield from _named(part, on, f"{at}/value/{index}")


def _in_expression(expression: Expression, at: str) -> Iterator[NamedPart]:
    """`inputs.x` and `inputs["x"]`."""
    from promptops.runtime.template import nodes
    from promptops.runtime.template.node_facts import walk

    for part in walk(expression.tree):
        if not isinstance(part, (nodes.Getattr, nodes.Getitem)):
            continue
        key = part.attr if isinstance(part, nodes.Getattr) else getattr(part.arg, "value", None)
        if getattr(part.node, "name", "") == _INPUTS and isinstance(key, str):
            start = max(expression.text.find(key, part.at), part.at)
            yield NamedPart("input", key, at, (start, start + len(key)))
