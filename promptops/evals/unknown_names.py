"""Check that tools, arguments, inputs, keys and functions that cases name exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from promptops.evals.assertion import Assertion
from promptops.evals.case_assertions import (
    WrittenAssertion,
    assertions_of,
    assertions_of_every_case,
)
from promptops.evals.case_expressions import Expression, read_expression
from promptops.evals.function_names import FunctionFiles
from promptops.evals.output_keys import unknown_output_key
from promptops.evals.parse import parse
from promptops.evals.record import NAMES, On
from promptops.evals.registry import kind_of
from promptops.evals.verdict import NamedPart
from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt, Tool
from promptops.plurals import some
from promptops.records import field, record, replace
from promptops.suggestions import LimitedLookups, did_you_mean

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
    for written, on in _once(_every(prompt)):
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
    for written, on in _once((*_every(prompt), *_of_every_case(prompt))):
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


def _every(prompt: Prompt) -> Iterator[tuple[WrittenAssertion, On]]:
    for case in prompt.cases:
        yield from ((assertion, "request") for assertion in _rendered(case))
        yield from ((assertion, "answer") for assertion in assertions_of(case, prompt))


def _of_every_case(prompt: Prompt) -> Iterator[tuple[WrittenAssertion, On]]:
    """Also of a prompt without cases."""
    yield from ((assertion, "answer") for assertion in assertions_of_every_case(prompt))


def _once(every: Iterable[tuple[WrittenAssertion, On]]) -> Iterator[tuple[WrittenAssertion, On]]:
    """Assertions of every case are written once and yielded once."""
    checked: set[int] = set()
    for written, on in every:
        if id(written.written) not in checked:
            checked.add(id(written.written))
            yield written, on


def _rendered(case: Case) -> Iterator[WrittenAssertion]:
    for index, written in enumerate(case.rendered):
        yield WrittenAssertion.of(written, case.locate, f"{case.at}/rendered/{index}")


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
    from jinja2 import nodes

    from promptops.runtime.template.node_facts import walk

    for part in walk(expression.tree):
        if not isinstance(part, (nodes.Getattr, nodes.Getitem)):
            continue
        key = part.attr if isinstance(part, nodes.Getattr) else getattr(part.arg, "value", None)
        if getattr(part.node, "name", "") == _INPUTS and isinstance(key, str):
            start = max(expression.text.find(key, part.lineno), part.lineno)
            yield NamedPart("input", key, at, (start, start + len(key)))
