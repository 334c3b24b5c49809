"""Assertions of promptfoo as assertions of test cases."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from promptops.evals.parse import parse
from promptops.formats.document import Loss
from promptops.formats.promptfoo.tests import TEMPLATE, UNKNOWN, FoundAssertion, FoundTest, filled
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import read_any

Assertion = Mapping[str, Any]

_MEASURES = frozenset(str.split("llm-rubric answer-relevant factual grounded moderation"))
_LIMITS = ("max-latency", "max-cost")
"""They have no verdict for a recorded answer, so that a set with one has none either."""


@record(frozen=True, slots=True, kw_only=True)
class Translated:
    """An assertion, or None if it has no counterpart; and what was changed."""

    value: Assertion | None
    losses: tuple[Loss, ...] = ()


def needs_its_test(written: Any) -> bool:
    """Whether an assertion of the defaults differs from test to test."""
    text = str(written)
    return TEMPLATE.search(text) is not None or "context" in text


class Assertions:
    """Translates the assertions of one case.

    Attributes:
        variables: Of its test.
        inputs: The variables that are inputs of its prompt; None for all.
    """

    def __init__(self, variables: Mapping[str, Any], inputs: Collection[str] | None = None) -> None:
        self._variables = variables
        self._losses: list[Loss] = []
        self._place: Callable[[], Place] = lambda: Place("")
        names = variables if inputs is None else inputs
        self._counterparts = Counterparts(variables, names, self._note)

    def of_test(
        self, test: FoundTest, defaults: Iterable[FoundAssertion]
    ) -> tuple[tuple[Assertion, ...], tuple[Loss, ...]]:
        """All assertions of a test; with a threshold they are one set."""
        self._counterparts.transform = test.transform
        given = (*(defaults if test.defaults else ()), *test.assertions)
        read = [self.translated(one) for one in given]
        losses = [loss for one in read for loss in one.losses]
        found = [
            (one.value, origin.value)
            for one, origin in zip(read, given, strict=True)
            if one.value is not None
        ]
        if test.threshold is None or not given:
            return tuple(value for value, _ in found), tuple(losses)
        if len(found) < len(given):
            message = "the threshold of a test with an assertion without counterpart is not carried"
            losses.append(Loss(code="IMP116", message=message, place=test.place))
            return (), tuple(losses)
        limits = tuple(one for one, _ in found if one["type"] in _LIMITS)
        if limits:
            message = f"`{limits[0]['type']}` is checked by itself, not as a part of the threshold"
            losses.append(Loss(code="IMP227", message=message, place=test.place))
        parts = [(dict(one), written) for one, written in found if one not in limits]
        value = assertion_set(parts, test.threshold)
        return (*limits, *((value,) if value is not None else ())), tuple(losses)

    def translated(self, given: FoundAssertion) -> Translated:
        """One assertion."""
        self._losses = []
        self._place = lambda: given.place
        written = given.value
        value = self._counterparts.of(written) if isinstance(written, Mapping) else None
        if value is not None and isinstance(written, Mapping):
            value = self._scored(value, written)
        problem = None
        if value is not None:
            problem = next(iter(parse(value, "answer")[1]), None)
        if value is None or problem is not None:
            kind = written.get("type") if isinstance(written, Mapping) else written
            reason = f": {problem.message}" if problem is not None else ""
            self._note("IMP116", f"{self._named(kind, written)} has no counterpart{reason}")
            value = None
        return Translated(value=value, losses=tuple(self._losses))

    def _named(self, kind: Any, written: Any) -> str:
        """An assertion with the transform that can be why it has no counterpart."""
        own = written.get("transform") if isinstance(written, Mapping) else None
        transform = own or self._counterparts.transform
        return f"the assertion `{kind}`{f' with the transform `{transform}`' if transform else ''}"

    def _scored(self, value: Assertion, given: Mapping[str, Any]) -> dict[str, Any]:
        """With its score and weight. As there, one with a score must pass if no model judges it.

        The weight 0 makes a measure of it.
        """
        metric, weight = filled(given.get("metric"), self._variables), given.get("weight")
        found = dict(value)
        if isinstance(metric, str) and metric.strip():
            found["score"] = metric
        if isinstance(weight, int | float) and weight > 0 and weight != 1:
            found["weight"] = weight
        if "score" not in found and ("weight" in found or weight == 0):
            found["score"] = "quality"
            self._note("IMP228", "an assertion with a weight is part of the score `quality`")
        if "score" in found and weight != 0 and not _is_measure(found):
            found["must"] = True
        return found

    def _note(self, code: str, message: str) -> None:
        self._losses.append(Loss(code=code, message=message, place=self._place()))


def _is_measure(assertion: Mapping[str, Any]) -> bool:
    """Whether a model judges it, or a part of it."""
    inner = assertion.get("value")
    parts = inner if assertion["type"] in ("all", "any") and isinstance(inner, list) else ()
    plain = str(assertion["type"]).removeprefix("not-")
    return plain in _MEASURES or any(_is_measure(part) for part in parts)


# The counterparts of promptfoo's assertions, their transforms and expressions, without scores.

SMALLEST_THRESHOLD = 0.05

_WITH_TEXT = frozenset(str.split("contains icontains starts-with regex"))
_SAME_NAME = frozenset(
    str.split("equals contains-all contains-any moderation finish-reason llm-rubric")
)
_NEW_NAMES = {"is-refusal": "refuses", "similar": "similar"}
_JUDGED_AS = {
    "g-eval": "llm-rubric",
    "model-graded-closedqa": "llm-rubric",
    "answer-relevance": "answer-relevant",
    "factuality": "factual",
    "model-graded-factuality": "factual",
    "context-faithfulness": "grounded",
}
_JUDGE_KEYS = ("threshold", "provider", "rubricPrompt")
_NOT_ABOUT_THE_TEXT = ("cost", "latency", "is-valid-openai-tools-call", "is-valid-function-call")
_WITH_LIST = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_MEASURED_AS = {"rouge-n": "rouge", "bleu": "chrf", "gleu": "chrf", "meteor": "chrf"}
_WITH_THRESHOLD = frozenset(("similar", "rouge", "chrf", "ratio"))
_LOOK_AROUND = lazy_pattern(r"\(\?(?:[=!]|<[=!])|\\[1-9]")


class Counterparts:
    """Finds the counterparts of the assertions of one test.

    Attributes:
        transform: Of each answer before all assertions; or None.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        inputs: Collection[str],
        note: Callable[[str, str], None],
    ) -> None:
        """`note` gets the code and the message of what changes."""
        self.transform: str | None = None
        self._variables = variables
        self._inputs = inputs
        self._note = note

    def of(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The assertion of a test case; None for one without counterpart."""
        kind = str(given.get("type", ""))
        plain = kind.removeprefix("not-")
        negated = "not-" if plain != kind else ""
        if plain == "assert-set":
            return self._set(given)
        value = filled(given.get("value"), self._variables)
        if value is UNKNOWN:
            return None
        found = self._plain(plain, value, given)
        if found is None:
            return None
        if (
            self._transform_of(given)
            and plain not in _NOT_ABOUT_THE_TEXT
            and not _is_transformed(found)
        ):
            self._note("IMP227", f"the transform of `{kind}` is not carried")
        if negated:
            found["type"] = f"not-{found['type']}".replace("not-not-", "")
        return found

    def _transform_of(self, given: Mapping[str, Any]) -> Any:
        return given.get("transform") or self.transform

    def _plain(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        in_file = isinstance(value, str) and value.startswith("file://")
        if in_file or (kind == "regex" and _LOOK_AROUND.search(str(value))):
            return None
        if kind in _WITH_LIST:
            value = _as_texts(value)
        elif kind in _WITH_TEXT or (kind == "equals" and not isinstance(value, list | Mapping)):
            value = None if value is None else _as_text(value)
        if kind in ("icontains-all", "icontains-any"):
            parts = [{"type": "icontains", "value": one} for one in value or ()]
            return self._compared({"type": kind.removeprefix("icontains-"), "value": parts}, given)
        if kind == "equals" and isinstance(value, list | Mapping):
            return {"type": kind, "value": value, "path": ""}
        if kind in _SAME_NAME or kind in _WITH_TEXT or kind in _NEW_NAMES:
            name = _NEW_NAMES.get(kind, kind)
            return self._compared(
                {"type": name, **({} if value is None else {"value": value})}, given
            )
        return self._other(kind, value, given)

    def _other(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        simple: dict[str, Callable[[], dict[str, Any] | None]] = {
            "is-json": lambda: self._compared(_json_assertion(value), given),
            "contains-json": lambda: None if value else self._changed(),
            "levenshtein": lambda: self._distance(value, given),
            "cost": lambda: _limit_assertion("max-cost", given),
            "latency": lambda: _limit_assertion("max-latency", given, 1000),
            "max-length": lambda: self._compared({"type": "max-chars", "value": value}, given),
            "min-length": lambda: {"type": "expr", "value": f"(text | length) >= {value}"},
            "empty": lambda: {"type": "expr", "value": "(text | trim) == ''"},
            "is-valid-openai-tools-call": self._called,
            "is-valid-function-call": self._called,
            "javascript": lambda: self._expression(given.get("value"), given),
            "python": lambda: self._expression(given.get("value"), given),
        }
        if kind in _JUDGED_AS:
            return self._judged(kind, value, given)
        if kind in _MEASURED_AS:
            self._note("IMP227", f"`{kind}` is measured as `{_MEASURED_AS[kind]}`")
            return self._compared({"type": _MEASURED_AS[kind], "value": value}, given)
        return simple[kind]() if kind in simple else None

    def _changed(self) -> dict[str, Any]:
        self._note("IMP227", "an answer with JSON in it is searched for its brackets")
        return {"type": "regex", "value": r"(?s)[{\[].*[}\]]"}

    def _distance(self, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        length = max(len(str(value)), 1)
        threshold = given.get("threshold", 5)
        if not isinstance(threshold, int | float):
            return None
        self._note("IMP227", "the edit distance is measured relative to the length")
        least = round(max(0, 1 - threshold / length), 4)
        return {"type": "ratio", "value": value, "threshold": max(least, SMALLEST_THRESHOLD)}

    def _called(self) -> dict[str, Any]:
        self._note("IMP227", "only whether a tool is called is checked")
        return {"type": "finish-reason", "value": "tool_calls"}

    def _judged(self, kind: str, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] = {"type": _JUDGED_AS[kind]}
        self._note("IMP227", f"`{kind}` is judged as `{_JUDGED_AS[kind]}`{_without(given)}")
        if kind == "context-faithfulness":
            return {**found, "value": "context"} if "context" in self._inputs else None
        if kind == "answer-relevance":
            return found
        if isinstance(value, list):
            value = "\n".join(f"{number}. {one}" for number, one in enumerate(value, 1))
        return {**found, "value": value} if isinstance(value, str) else None

    def _expression(self, value: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
        if not isinstance(value, str) or value.startswith("file://") or TEMPLATE.search(value):
            return None
        found = expression(value, self._variable)
        if found is None:
            return None
        if not self._transform_of(given):
            return {"type": "expr", "value": found}
        return self._compared({"type": "expr", "value": _of_value(found)}, given)

    def _variable(self, name: str) -> str | None:
        """A variable in an expression: an input or, if the prompt has none, its value."""
        if name in self._inputs:
            return f"inputs.{name}"
        value = self._variables.get(name)
        return json.dumps(value) if isinstance(value, str | int | float) else None

    def _compared(self, found: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
        if found["type"] == "llm-rubric":
            left_out = _without(given)
            if left_out:
                self._note("IMP227", f"`llm-rubric` is judged{left_out}")
            return found if isinstance(found.get("value"), str) else None
        if isinstance(given.get("threshold"), int | float) and found["type"] in _WITH_THRESHOLD:
            found["threshold"] = given["threshold"]
        if given.get("transform") and self.transform:
            return None
        transform = self._transform_of(given)
        return _transformed(found, transform, self._variable) if transform else found

    def _set(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        inner = given.get("assert")
        parts = []
        for one in inner if isinstance(inner, list) else ():
            part = self.of(one) if isinstance(one, Mapping) else None
            if part is None:
                return None
            parts.append((part, one))
        threshold = given.get("threshold")
        return assertion_set(parts, threshold if isinstance(threshold, int | float) else None)


def assertion_set(
    parts: list[tuple[dict[str, Any], Any]], threshold: float | None
) -> dict[str, Any] | None:
    """The set of assertions, each with the one it was; None if nothing can fail it."""
    found = []
    for part, written in parts:
        weight = written.get("weight") if isinstance(written, Mapping) else None
        if weight == 0:
            continue
        plain = {key: value for key, value in part.items() if key not in ("score", "must")}
        plain.pop("weight", None)
        found.append({**plain, **({"weight": weight} if weight and weight != 1 else {})})
    if not found or (threshold is not None and threshold < SMALLEST_THRESHOLD):
        return None
    extra = {"threshold": threshold} if threshold is not None else {}
    return {"type": "all", "value": found, **extra}


def _without(given: Mapping[str, Any]) -> str:
    """What is not carried of an assertion that a model judges: the end of a message."""
    found = [f"`{key}`" for key in _JUDGE_KEYS if key in given]
    return f", without its {' and its '.join(found)}" if found else ""


def _is_transformed(found: Mapping[str, Any]) -> bool:
    """Whether it, or a part of it, is about a transformed answer."""
    inner = found.get("value")
    parts = inner if isinstance(inner, list) else ()
    own = "path" in found or "transform" in found
    return own or any(_is_transformed(one) for one in parts if isinstance(one, Mapping))


def _json_assertion(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = read_any("", value.encode()).value
    if isinstance(value, Mapping) and value:
        return {"type": "json-schema", "value": value}
    return {"type": "is-json"}


def _as_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        value = [one.strip() for one in next(csv.reader([value], skipinitialspace=True), [])]
    return [_as_text(one) for one in value] if isinstance(value, list) else []


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _limit_assertion(
    kind: str, given: Mapping[str, Any], divisor: float = 1
) -> dict[str, Any] | None:
    threshold = given.get("threshold")
    if not isinstance(threshold, int | float):
        return None
    return {"type": kind, "value": threshold / divisor if divisor != 1 else threshold}


# Transforms of answers before an assertion: a path into JSON, or an expression

_OUTPUT_PATH = lazy_pattern(r"(?:JSON\.parse\(output\)|output)((?:\.[A-Za-z_]\w*|\[\d+\])+)")
_PATH_STEP = lazy_pattern(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


def _transformed(
    found: dict[str, Any], transform: Any, variable: Variable
) -> dict[str, Any] | None:
    """The assertion about the transformed answer; None for a transform without counterpart.

    `variable` gives the expression for a variable of the test.
    """
    match = _OUTPUT_PATH.fullmatch(str(transform).strip().removesuffix(";"))
    if match is not None:
        steps = [one[1] or one[2] for one in _PATH_STEP.finditer(match[1])]
        return _at_path(found, "".join(f"/{step}" for step in steps))
    written = expression(str(transform), variable)
    return {**found, "transform": _of_value(written)} if written is not None else None


def _of_value(written: str) -> str:
    """An expression of the answer as one of the transformed value."""
    return re.sub(r"\btext\b", "value", written)


def _at_path(found: dict[str, Any], path: str) -> dict[str, Any]:
    """The assertion about a part of the answer; a number there equals its text, as in promptfoo."""
    value = found.get("value")
    if found["type"] == "equals" and isinstance(value, str):
        other = _scalar(value)
        if other is not None:
            same = [{**found, "path": path}, {**found, "value": other, "path": path}]
            return {"type": "any", "value": same}
    return {**found, "path": path}


def _scalar(text: str) -> Any:
    """The number, true or false that a text writes in JSON; None for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, bool | int | float) else None


# Expressions of JavaScript or Python over an answer, as expressions for `expr`

_EXPRESSION_TOKEN = lazy_pattern(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      |(?P<number>\d+(?:\.\d+)?)
      |(?P<name>[A-Za-z_$][\w$]*)
      |(?P<operator>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]])
    )""",
    64,  # re.VERBOSE
)
_OPERATORS = {"===": "==", "!==": "!=", "&&": " and ", "||": " or ", "!": "not "}
_CONSTANTS_AND_OPERATORS = {
    "true": "true",
    "false": "false",
    "null": "none",
    "None": "none",
    "True": "true",
    "False": "false",
    "and": "and",
    "or": "or",
    "not": "not",
    "in": "in",
    "output": "text",
}
_FILTERS_OF_METHODS = {
    "toLowerCase": "lower",
    "toUpperCase": "upper",
    "trim": "trim",
    "lower": "lower",
    "upper": "upper",
    "strip": "trim",
}
_LENGTH_PROPERTIES = ("length",)
_STARTS_WITH = "({owner}[:({argument} | length)] == {argument})"
_ENDS_WITH = "({owner}[-({argument} | length):] == {argument})"
_METHODS_WITH_ARGUMENT = {
    "includes": "({argument} in {owner})",
    "startsWith": _STARTS_WITH,
    "startswith": _STARTS_WITH,
    "endsWith": _ENDS_WITH,
    "endswith": _ENDS_WITH,
    "split": "({owner} | split({argument}))",
}


class _NoCounterpart(Exception):
    """An expression that has no counterpart."""


Variable = Callable[[str], str | None]
"""What a variable of the test is in the expression; None if it has no counterpart."""


def expression(source: str, variable: Variable = lambda name: f"inputs.{name}") -> str | None:
    """The expression for `expr`; None for statements, functions and anything unknown."""
    try:
        written = source.strip().removeprefix("return ").removesuffix(";")
        parser = _ExpressionParser(_tokens(written), variable)
        found = parser.ternary()
    except (_NoCounterpart, RecursionError):
        return None
    return found if parser.at_end else None


def _tokens(source: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(source):
        match = _EXPRESSION_TOKEN.match(source, position)
        if match is None:
            if not source[position:].strip():
                break
            raise _NoCounterpart
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    return found


class _ExpressionParser:
    """Recursive descent over the operators of both languages, weakest first."""

    def __init__(self, tokens: list[tuple[str, str]], variable: Variable) -> None:
        self._tokens = tokens
        self._variable = variable
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def ternary(self) -> str:
        """`a ? 1 : 0`, which is the truth of `a`, or a plain expression."""
        found = self._either()
        if self._took("?"):
            yes = self._either()
            self._need(":")
            no = self._either()
            if (yes, no) in (("1", "0"), ("true", "false")):
                return found
            raise _NoCounterpart
        return found

    def _either(self) -> str:
        found = self._both()
        while self._took("||", "or"):
            found = f"{found} or {self._both()}"
        return found

    def _both(self) -> str:
        found = self._negated()
        while self._took("&&", "and"):
            found = f"{found} and {self._negated()}"
        return found

    def _negated(self) -> str:
        if self._took("!", "not"):
            return f"not {self._negated()}"
        return self._compared()

    def _compared(self) -> str:
        left = self._sum()
        operator = self._took("===", "!==", "==", "!=", "<=", ">=", "<", ">", "in")
        if operator is None:
            return left
        return f"{left} {_OPERATORS.get(operator, operator)} {self._sum()}"

    def _sum(self) -> str:
        found = self._product()
        while operator := self._took("+", "-"):
            found = f"{found} {operator} {self._product()}"
        return found

    def _product(self) -> str:
        found = self._postfix()
        while operator := self._took("*", "/", "%"):
            found = f"{found} {operator} {self._postfix()}"
        return found

    def _postfix(self) -> str:
        found = self._atom()
        while True:
            if self._took("."):
                found = self._member(found)
            elif self._took("["):
                found = f"{found}[{self._either()}]"
                self._need("]")
            else:
                return found

    def _member(self, owner: str) -> str:
        name = self._name()
        if name in _LENGTH_PROPERTIES:
            return f"({owner} | length)"
        if not self._took("("):
            return f"{owner}.{name}"
        if name in _FILTERS_OF_METHODS:
            self._need(")")
            return f"({owner} | {_FILTERS_OF_METHODS[name]})"
        argument = self._either()
        self._need(")")
        found = _METHODS_WITH_ARGUMENT.get(name)
        if found is None:
            raise _NoCounterpart
        return found.format(owner=owner, argument=argument)

    def _atom(self) -> str:
        if self._took("("):
            found = self.ternary()
            self._need(")")
            return f"({found})"
        kind, value = self._next()
        if kind in ("string", "number"):
            return value
        if kind != "name":
            raise _NoCounterpart
        if value in ("len", "str", "JSON", "json", "context"):
            return self._known(value)
        if value in _CONSTANTS_AND_OPERATORS:
            return _CONSTANTS_AND_OPERATORS[value]
        raise _NoCounterpart

    def _known(self, value: str) -> str:
        if value == "context":
            return self._of_test()
        if value in ("JSON", "json"):
            self._need(".")
            if self._name() not in ("parse", "loads"):
                raise _NoCounterpart
        self._need("(")
        inner = self._either()
        self._need(")")
        filters = {"len": "length", "str": "string", "JSON": "parse_json", "json": "parse_json"}
        return f"({inner} | {filters[value]})"

    def _of_test(self) -> str:
        """`.vars.name`, or Python's `["vars"]["name"]`."""
        if self._key() != "vars":
            raise _NoCounterpart
        found = self._variable(self._key())
        if found is None:
            raise _NoCounterpart
        return found

    def _key(self) -> str:
        if self._took("."):
            return self._name()
        self._need("[")
        kind, value = self._next()
        self._need("]")
        if kind != "string":
            raise _NoCounterpart
        return value[1:-1]

    def _took(self, *values: str) -> str | None:
        if self.at_end:
            return None
        kind, value = self._tokens[self._at]
        if kind in ("operator", "name") and value in values:
            self._at += 1
            return value
        return None

    def _need(self, value: str) -> None:
        if self._took(value) is None:
            raise _NoCounterpart

    def _name(self) -> str:
        kind, value = self._next()
        if kind != "name":
            raise _NoCounterpart
        return value

    def _next(self) -> tuple[str, str]:
        if self.at_end:
            raise _NoCounterpart
        self._at += 1
        return self._tokens[self._at - 1]
