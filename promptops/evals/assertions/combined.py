"""Assertions that combine others, or compute: all, any, expr, python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any

from promptops.evals.assertion_sets import (
    PartResult,
    check_limits,
    check_set,
    doubt_threshold,
    gravest_error,
    part_questions,
    part_reason,
    part_results,
)
from promptops.evals.case_expressions import WrongExpression, read_expression
from promptops.evals.checked_values import CheckedValues, own_data
from promptops.evals.parse import Assertion
from promptops.evals.registry import assertion
from promptops.evals.subject import NAMES, Subject
from promptops.evals.verdict import (
    NamedPart,
    Question,
    Refused,
    Span,
    Undecided,
    Unjudgeable,
    Verdict,
)
from promptops.evals.wording import shown
from promptops.plurals import counted
from promptops.records import record

if TYPE_CHECKING:
    from promptops.runtime.template import nodes


@assertion("all", narrowed_by=(), sets=("value",))
@record(frozen=True, slots=True, kw_only=True)
class AllOf:
    """All assertions of a set pass, or enough of them.

    In a score it counts by degree: the mean of its parts, weighted by `weight`. A set that contains
    an assertion judged by a model is a measure, like `llm-rubric`.

    Attributes:
        value: The assertions; each may have its own `weight`, `path` or `role`.
        threshold: The lowest degree that passes, 0.05 to 1; without it, every assertion must pass.

    Holds:
        answer: Hold the button for ten seconds.
        output:
          - {type: all, value: [{type: contains, value: button}, {type: max-chars, value: 80}]}

    Fails:
        answer: Restart it.
        output:
          - {type: all, value: [{type: contains, value: button}, {type: max-chars, value: 80}]}
    """

    value: tuple[Assertion, ...]
    threshold: float | None = None

    def __post_init__(self) -> None:
        check_set(self.value, self.threshold)
        if self.threshold is None:
            check_limits(self.value, all)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return None if self.threshold is None else doubt_threshold(self.threshold, given)

    @property
    def parts(self) -> tuple[Assertion, ...]:
        return self.value

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return part_questions(self.value, subject)

    def check(self, subject: Subject) -> Verdict:
        judged = tuple(part_results(self.value, subject))
        failed = [part for part in judged if part.failed]
        error = gravest_error(judged)
        # One failure decides, even if another part has no verdict yet; errors are never hidden.
        decided = self.threshold is None and failed and isinstance(error, Undecided)
        if error is not None and not decided:
            raise error
        degree = _degree(judged)
        passed = not failed if self.threshold is None else degree >= self.threshold
        expected = _expected_of_all(len(self.value), self.threshold)
        graded = [f"{degree:.2f}"] if self.threshold is not None else []
        return Verdict(
            passed=passed,
            expected=expected,
            opposite=f"less than {expected}",
            where="to hold",
            got="; ".join([*graded, *map(part_reason, failed)]) or "all",
            degree=degree,
        )

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        return chain.from_iterable(part.occurrences(subject.record) for part in self.value)


def _degree(judged: tuple[PartResult, ...]) -> float:
    """The mean by weight; rounded, because sums of tenths can be off by the last digit."""
    shares = [(part.assertion.weight, part.verdict.share) for part in judged if part.verdict]
    total = sum(weight * share for weight, share in shares)
    return min(round(total / sum(weight for weight, _ in shares), 9), 1.0)


def _expected_of_all(count: int, threshold: float | None) -> str:
    if threshold is not None:
        return f"{threshold:g} of {counted(count, 'assertion')}, by weight,"
    return "the assertion" if count == 1 else f"all {count} assertions"


@assertion("any", narrowed_by=(), sets=("value",))
@record(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one assertion of a set passes.

    If one passes, it does not matter that another could not be checked. In a score it counts by
    degree: the highest of its parts. A set that contains an assertion judged by a model is a
    measure, like `llm-rubric`.

    Attributes:
        value: The assertions; each may have its own `path` or `role`.

    Holds:
        answer: I am not sure.
        output:
          - {type: any, value: [{type: contains, value: reset}, {type: contains, value: sure}]}

    Fails:
        answer: Restart it.
        output:
          - {type: any, value: [{type: contains, value: reset}, {type: contains, value: sure}]}
    """

    value: tuple[Assertion, ...]

    def __post_init__(self) -> None:
        check_set(self.value, None)
        check_limits(self.value, any)

    @property
    def parts(self) -> tuple[Assertion, ...]:
        return self.value

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return part_questions(self.value, subject)

    def check(self, subject: Subject) -> Verdict:
        judged = tuple(part_results(self.value, subject))
        passed = [part for part in judged if part.passed]
        error = gravest_error(judged)
        if error is not None and not passed:
            raise error
        expected = f"any of {counted(len(self.value), 'assertion')}"
        return Verdict(
            passed=bool(passed),
            expected=expected,
            opposite=f"none of {counted(len(self.value), 'assertion')}",
            where="to hold",
            got="; ".join(map(part_reason, passed or judged)),
            degree=max(part.verdict.share for part in judged if part.verdict),
        )

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        return chain.from_iterable(part.occurrences(subject.record) for part in self.value)


@assertion("expr", expressions=("value",))
@record(frozen=True, slots=True, kw_only=True)
class Expr:
    """An expression is true.

    It is a Jinja expression, as in `when`, with the filters and tests of templates. It can use
    `value` (the value that `path`, `role` and `transform` select) and the case's `inputs` and
    `expected`. For a request it can also use `messages`, `tools`, `response_format`, `params` and
    `model`; for an answer `output` (the parsed value if it is JSON, otherwise the text), `text`,
    `tool_calls` and `usage`.

    Attributes:
        value: The expression; its result must be true or false.

    Holds:
        messages: [{role: user, content: Where is it?}]
        rendered: [{type: expr, value: 'messages[-1].content | length < 20'}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: expr, role: user, value: value | wordcount <= 3}]
    """

    value: str

    def doubt(self, given: CheckedValues) -> Refused | None:
        expression = read_expression(self.value, NAMES[given.on])
        if _compares_lazy_list(expression.tree):
            hint = "put `| list` after it"
            return Refused("a lazy sequence, such as of `select`, equals no value", hint=hint)
        own = None if given.in_set else own_data(expression, given.on)
        return Refused(own, hint=f"also use a part of the {given.on}") if own else None

    def check(self, subject: Subject) -> Verdict:
        holds = self._holds(subject)
        return Verdict(
            passed=holds,
            expected=f"{shown(self.value)} to hold",
            opposite=f"{shown(self.value)} not to hold",
            where=subject.where,
            got=f"{shown(holds)}",
        )

    def _holds(self, subject: Subject) -> bool:
        try:
            expression = read_expression(self.value, NAMES[subject.record.on])
            value = subject.value if "value" in expression.names or subject.narrowed else None
            result = expression.value(subject.names(value), subject.record.work)
        except WrongExpression as error:
            raise Unjudgeable(error.message, "/value", error.within) from None
        if not isinstance(result, bool):
            raise Unjudgeable(f"expected true or false, got {shown(result)}", "/value")
        return result


_LAZY = frozenset(str.split("batch items map reject rejectattr select selectattr slice unique"))
"""Filters of Jinja that give a generator, which is always true and equal to no value."""


def _compares_lazy_list(tree: nodes.Expression) -> bool:
    """Whether the result of such a filter is compared, or is a part of a condition."""
    from promptops.runtime.template.node_facts import walk

    parts = (part for node in walk(tree) for part in _conditions(node))
    return any(getattr(part, "name", None) in _LAZY for part in parts)


def _conditions(node: nodes.Node) -> Iterator[nodes.Node]:
    """The expressions whose truth counts in a node, or that are compared in it."""
    from promptops.runtime.template import nodes

    if isinstance(node, nodes.Compare):
        equal = [operand.expr for operand in node.ops if operand.op in ("eq", "ne")]
        yield from (node.expr, *equal) if equal else ()
    elif isinstance(node, (nodes.Not, nodes.And, nodes.Or)):
        yield from node.children()


@assertion("python", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Python:
    """A function of this repository decides.

    The function is called with the checked value and a mapping of `inputs`, `expected`, `output`,
    `text`, `tool_calls` and `usage`. It returns true or false, or a degree from 0 to 1 (0.5 or more
    passes), or either of them with a reason: `return False, "no greeting"`. The code is read from
    the revision under test, stops after ten seconds, and never runs if PROMPTOPS_UNTRUSTED is set.

    Attributes:
        value: `FILE:FUNCTION`. A path that starts with `./` is relative to the file that contains
            this assertion, any other to the prompt root.

    Holds:
        files: {checks.py: "def polite(output, facts):\\n    return 'please' in output"}
        answer: Restart it, please.
        output: [{type: python, value: "checks.py:polite"}]

    Fails:
        files: {checks.py: "def polite(output, facts):\\n    return 0.4, 'no please'"}
        answer: Restart it!
        output: [{type: python, value: "checks.py:polite"}]
    """

    value: str

    def __post_init__(self) -> None:
        path, _, name = self.value.rpartition(":")
        if not path.endswith(".py") or not name.isidentifier():
            raise Refused("expected `FILE:FUNCTION`", hint="such as `./checks.py:polite`")

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return (NamedPart("function", self.value, "/value"),)

    def check(self, subject: Subject) -> Verdict:
        degree, reason = self._called(subject)
        function = shown(self.value)
        graded = None if isinstance(degree, bool) else float(degree)
        return Verdict(
            passed=degree >= 0.5,
            expected=f"{function} to hold",
            opposite=f"{function} not to hold",
            where=subject.where,
            got=shown(degree) + (f": {shown(reason)}" if reason else ""),
            degree=graded,
        )

    def _called(self, subject: Subject) -> tuple[bool | float, str]:
        functions = subject.record.beside.functions
        if functions is None:
            raise Undecided(
                "`python` assertions do not run here: there is no repository to read from"
            )
        path, _, name = self.value.rpartition(":")
        # A copy, so that a function can't change the data of the next assertion.
        arguments = deepcopy((subject.value, dict(subject.record.names)))
        return _read(functions.call(name, path, subject.record.written_in, arguments))


def _read(returned: Any) -> tuple[bool | float, str]:
    pair = isinstance(returned, Sequence) and not isinstance(returned, str) and len(returned) == 2
    degree, reason = returned if pair else (returned, "")
    number = isinstance(degree, (bool, int, float)) and 0 <= degree <= 1
    if not number or not isinstance(reason, str):
        expected = "true, false or a number from 0 to 1, alone or with a reason"
        raise Unjudgeable(f"expected {expected}, got {_shown(returned)}", "/value")
    return degree, reason


def _shown(value: Any) -> str:
    """A value of any type: the result of a function need not be JSON."""
    return shown(value) if isinstance(value, (str, int, float, type(None))) else shown(repr(value))
