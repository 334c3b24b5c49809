"""The work that all assertions of one case may take over one request or answer.

Each assertion has limits of its own; a case file has room for thousands of assertions, and each
may read the whole text again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from promptops.evals.verdict import Undecided
from promptops.model.place import Offsets, plain_text
from promptops.records import record
from promptops.runtime.template.data import NotJson, json_copy
from promptops.runtime.template.limits import MAX_WORK, TookTooLong, cached_by_size
from promptops.runtime.template.text_rendering import Run, TemplateFailure
from promptops.suggestions import did_you_mean

if TYPE_CHECKING:
    from promptops.runtime.template import nodes
    from promptops.runtime.template.template import TemplateError


MAX_CASE_WORK = 2_000_000_000
"""In units of about a nanosecond."""

_UNITS_EACH = 20_000
_PER_CHARACTER = 10
_PER_CHARACTER_OF: Mapping[str, int] = {
    "contains-json": 100,
    "json-schema": 1_000,
    "no-injection": 100,
    "no-personal-data": 300,
    "no-secrets": 300,
    "supported": 100,
}


class CaseWork:
    """The remaining work of one case, in units."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_CASE_WORK

    def begin(self, kind: str, chars: int) -> None:
        """Count an assertion before it is checked; raises Undecided if no work is left.

        The assertion that takes the last units is checked: it has limits of its own.

        Args:
            kind: Its type, without `not-`.
            chars: The characters that it reads.
        """
        if self._left < 0:
            raise Undecided("the assertions of this case take too long: use fewer of them")
        self.count(_UNITS_EACH + chars * _PER_CHARACTER_OF.get(kind, _PER_CHARACTER))

    def count(self, units: int) -> None:
        """Count work that depends on more than the number of characters."""
        self._left -= units


# Expressions of test cases: Jinja, run by the evaluator of templates like a `when`.

MAX_LENGTH = 2_000
MAX_NODES = 300


class WrongExpression(ValueError):
    """An expression that can't be parsed, or has no value for this data.

    Attributes:
        within: The offsets of the error in the expression; None for all of it.
    """

    def __init__(
        self, message: str, hint: str | None = None, within: Offsets | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.within = within


@record(frozen=True, slots=True, eq=False)
class Expression:
    """A parsed and checked expression.

    Attributes:
        tree: Its syntax tree.
        names: The names it uses; never empty.
    """

    text: str
    tree: nodes.Expression
    names: frozenset[str]

    def value(self, names: Mapping[str, Any], work: CaseWork) -> Any:
        """Its value, as JSON data, for these values of the names; counts what it takes.

        Raises WrongExpression, and Undecided if this machine is too slow.
        """
        from promptops.runtime.template.template_program import value

        data = {name: _data(name, names[name]) for name in self.names if name in names}
        run = Run(lambda _path, _name: None)
        try:
            return value(plain_text("", self.text), data, run)
        except TemplateFailure as failure:
            message = _of_expression(failure.message)
            raise WrongExpression(message, within=(failure.start, failure.end)) from None
        except TookTooLong as error:
            raise Undecided(f"evaluating the expression: {error}") from None
        finally:
            work.count(_EACH + _OF_A_UNIT * (MAX_WORK - run.meter.left))


_EACH = 300_000  # in units of CaseWork
_OF_A_UNIT = 200  # of Meter


def read_expression(text: str, known: tuple[str, ...]) -> Expression:
    """An expression over the names that are known; raises WrongExpression."""
    return _reader(known)(text)


@cache
def _reader(known: tuple[str, ...]) -> Callable[[str], Expression]:
    """Reads and caches expressions: each is needed several times."""
    return cached_by_size(_MAX_CACHED_BYTES, _bytes_of)(lambda text: _read(text, known))


_MAX_CACHED_BYTES = 32_000_000


def _bytes_of(text: str, _expression: Expression) -> int:
    """The estimated size of a syntax tree."""
    return 1_000 + 100 * len(text)


def _read(text: str, known: tuple[str, ...]) -> Expression:
    from promptops.runtime.template.template import TemplateError
    from promptops.runtime.template.template_program import expression_tree

    if len(text) > MAX_LENGTH:
        raise WrongExpression(f"the expression has over {MAX_LENGTH:,} characters")
    try:
        tree = _parsed(text)
        names = frozenset(_names(tree, known))
        expression_tree(text)
    except TemplateError as error:
        raise _refused(error, text) from None
    if not names:
        raise WrongExpression("the expression uses no name", f"names: {', '.join(known)}")
    return Expression(text, tree, names)


def _parsed(text: str) -> nodes.Expression:
    from promptops.runtime.template.node_facts import walk
    from promptops.runtime.template.template import parse_expression

    output: Any = parse_expression(text).tree.body[0]
    tree: nodes.Expression = output.nodes[0]
    parts = list(walk(tree))
    if len(parts) > MAX_NODES:
        raise WrongExpression(f"the expression has over {MAX_NODES} parts")
    _refuse_calls(parts)
    return tree


def _refuse_calls(parts: list[nodes.Node]) -> None:
    """Values have no methods, and there is one function."""
    from promptops.runtime.template import nodes
    from promptops.runtime.template.environment import ENVIRONMENT
    from promptops.runtime.template.expressions import callee_span

    for node in parts:
        if not isinstance(node, nodes.Call) or getattr(node.node, "name", None) == "range":
            continue
        message, name = "values have no methods; use a filter", getattr(node.node, "attr", "")
        if isinstance(node.node, nodes.Name):
            name = node.node.name
            message = f"there is no function `{name}`; use a filter"
        filter_ = _FILTERS.get(name) or (name if name in ENVIRONMENT.filters else None)
        hint = f"write `… | {filter_}`" if filter_ else None
        raise WrongExpression(message, hint, callee_span(node.node))


_FILTERS = {
    "len": "length",
    "sorted": "sort",
    "splitlines": "split('\\n')",
    "str": "string",
    "strip": "trim",
}
"""From a function or a method of Python to the filter that does the same under another name."""


def _names(tree: nodes.Expression, known: tuple[str, ...]) -> Iterator[str]:
    from promptops.runtime.template import nodes
    from promptops.runtime.template.node_facts import walk

    callees = {id(node.node) for node in walk(tree) if isinstance(node, nodes.Call)}
    for node in walk(tree):
        if not isinstance(node, nodes.Name) or id(node) in callees:
            continue
        if node.name not in known:
            hint = did_you_mean(node.name, known) or f"names: {', '.join(known)}"
            span = node.at, node.at + len(node.name)
            raise WrongExpression(f"`{node.name}` is not defined", hint, span)
        yield node.name


def _refused(error: TemplateError, text: str) -> WrongExpression:
    message, hint = _of_expression(error.message), error.hint
    if not text.strip():
        message = "the expression is empty"
    elif error.code == "TPL002":
        hint = _known_words(message, text[error.start : error.end])
    elif "got 'for'" in message:
        message = "a comprehension is Python, and expressions are Jinja"
        hint = "use filters, such as `items | selectattr('name', 'eq', 'x') | list`"
    return WrongExpression(message, hint, (error.start, error.end))


def _known_words(message: str, written: str) -> str | None:
    from promptops.runtime.template.environment import ENVIRONMENT

    if "filter" not in message:
        return did_you_mean(message.split("`")[1], ENVIRONMENT.tests)
    if written in _FILTERS:
        return f"use `{_FILTERS[written]}`"
    return did_you_mean(written, ENVIRONMENT.filters)


def _data(name: str, value: Any) -> Any:
    try:
        return json_copy(value)
    except NotJson as error:
        at = f" at {error.pointer}" if error.pointer else ""
        raise WrongExpression(f"`{name}`{at} {error.message}") from None


def _of_expression(message: str) -> str:
    return message.replace("the template", "the expression")
