"""Values and JSON: what an answer is, and what fits a schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from promptops.analysis.schemas.document import RESTRICTING
from promptops.evals.json_values import NOTHING, Coverage, embedded_values, parsed, same
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject, facts_of
from promptops.evals.verdict import Refused, Undecided, Unjudgeable, Verdict
from promptops.evals.wording import compared, listed, mentioned_part, not_blank, shown, to_compare
from promptops.json_pointer import tokens
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.runtime.request.schema_check import Validator, message_of, shortened, validator
from promptops.source.explain import explain
from promptops.source.schema_validity import check_schema, unchecked_formats


@assertion("equals")
@record(frozen=True, slots=True, kw_only=True)
class Equals:
    """The checked value is exactly this one.

    Strings are compared character by character. With `path`, any JSON value can be compared: 1
    equals 1.0, and true does not equal 1.

    Attributes:
        value: The expected value.

    Holds:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: equals, role: user, value: Where is my order?}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: equals, role: user, value: Where is it?}]
    """

    value: Any

    def check(self, subject: Subject) -> Verdict:
        value = as_compared(subject, self.value)
        expected = shown(self.value)
        both_texts = isinstance(value, str) and isinstance(self.value, str)
        passed = same(value, self.value)
        return Verdict(
            passed=passed,
            expected=expected,
            opposite=f"anything but {expected}",
            where=subject.where,
            got=compared(self.value, value) if both_texts else shown(value),
            compared=None if passed else to_compare(self.value, value),
        )

    def judges_flaw(self, answer: Answer) -> bool:
        """Whether it is about an empty answer; also with `not-`."""
        return not answer.text and isinstance(self.value, str) and not self.value


def as_compared(subject: Subject, expected: Any) -> Any:
    """The value to compare; raises Unjudgeable for a string that can never equal `wanted`."""
    if subject.is_message_text and not isinstance(expected, str):
        raise Unjudgeable(
            f"a string never equals {shown(expected)}: set `path`, or quote the value", "/value"
        )
    if isinstance(expected, str) and isinstance(subject.value, (list, tuple)):
        return subject.text
    return subject.value


@assertion("one-of")
@record(frozen=True, slots=True, kw_only=True)
class OneOf:
    """The checked value is exactly one of these.

    Values are compared as in `equals`.

    Attributes:
        value: The allowed values.

    Holds:
        messages: [{role: user, content: billing}]
        rendered: [{type: one-of, role: user, value: [bug, billing]}]

    Fails:
        messages: [{role: user, content: praise}]
        rendered: [{type: one-of, role: user, value: [bug, billing]}]
    """

    value: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.value:
            raise Refused("an empty list matches no value")

    def check(self, subject: Subject) -> Verdict:
        expected = listed(self.value, "or")
        # Not lazily, so that a number is reported wherever it is in the list.
        equal = [same(as_compared(subject, value), value) for value in self.value]
        return Verdict(
            passed=any(equal),
            expected=expected,
            opposite=f"anything but {expected}",
            where=subject.where,
            got=shown(subject.value),
        )


@assertion("counterfactual", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """The answer is the same as that of a case that differs in a protected attribute.

    Free text is never the same twice, so select the decision with `path`, or reduce the answer to
    it with `transform`. Answers of the same repeat are compared.

    Attributes:
        value: The name of the other case of this prompt.

    Holds:
        answer: '{"decision": "approve", "note": "Welcome, Anna."}'
        others: {the same as Emre: '{"decision": "approve", "note": "Welcome, Emre."}'}
        output: [{type: counterfactual, path: /decision, value: the same as Emre}]

    Fails:
        answer: '{"decision": "approve"}'
        others: {the same as Emre: '{"decision": "review"}'}
        output: [{type: counterfactual, path: /decision, value: the same as Emre}]
    """

    value: str

    def __post_init__(self) -> None:
        not_blank(self.value)

    @property
    def case(self) -> str:
        return self.value

    def check(self, subject: Subject) -> Verdict:
        ours, theirs = subject.value, self._other(subject).value
        alike = f"{shown(theirs)}, as for the case {shown(self.value)},"
        passed = same(ours, theirs)
        return Verdict(
            passed=passed,
            expected=alike,
            opposite=f"anything but {alike}",
            where=subject.where,
            got=shown(ours),
            compared=None if passed else to_compare(theirs, ours),
        )

    def _other(self, subject: Subject) -> Subject:
        answer = subject.record.beside.others.get(self.value)
        if answer is None:
            raise Undecided(f"the case {shown(self.value)} has no answer", "/value")
        root, facts = facts_of(answer)
        names = {**subject.record.names, **facts}
        record = replace(subject.record, text=answer.text, root=root, names=names, answer=answer)
        return subject.over(record)


@assertion("is-json")
@record(frozen=True, slots=True, kw_only=True)
class IsJson:
    """The checked text is JSON and nothing else.

    It has no code fence and no sentence around it. Use `json-schema` to check its content.

    Holds:
        messages: [{role: assistant, content: '{"sql": null}'}]
        rendered: [{type: is-json, role: assistant}]

    Fails:
        messages: [{role: assistant, content: 'Sure: {"sql": null}'}]
        rendered: [{type: is-json, role: assistant}]
    """

    def check(self, subject: Subject) -> Verdict:
        return Verdict(
            passed=parsed(subject.text) is not NOTHING,
            expected="JSON",
            opposite="no JSON",
            where=subject.where,
            got=shown(subject.text),
        )


@assertion("contains-json")
@record(frozen=True, slots=True, kw_only=True)
class ContainsJson:
    """The checked text contains a JSON mapping or list with at least these values.

    Mappings may have more keys and lists more items, in any order. Each item of the expected list
    needs an item of its own: `[1]` lacks an item of `[1, 1]`. In a text, the JSON may be between
    sentences or in a fenced block. If `path` selects a value that is not a string, that
    value itself is compared.

    Attributes:
        value: The values that must be present.

    Holds:
        messages: [{role: assistant, content: 'Sure: {"sql": "SELECT 1", "rows": 1}'}]
        rendered: [{type: contains-json, role: assistant, value: {rows: 1}}]

    Fails:
        messages: [{role: assistant, content: 'Sure: {"sql": "SELECT 1", "rows": 0}'}]
        rendered: [{type: contains-json, role: assistant, value: {rows: 1}}]
    """

    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.value, (dict, list)):
            raise Refused("expected a mapping or a list", hint="for a string, use `contains`")
        if not self.value:
            raise Refused(
                "every mapping or list contains an empty value", hint="write what it must contain"
            )

    def check(self, subject: Subject) -> Verdict:
        values, coverage = _values(subject), Coverage(subject.record.work)
        expected = f"JSON with {shown(self.value)}"
        passed = any(coverage.covers(value, self.value) for value in values)
        return Verdict(
            passed=passed,
            expected=expected,
            opposite=f"no {expected}",
            where=subject.where,
            got=_shown_candidates(values, subject.value),
            compared=None if passed or len(values) != 1 else self._compared(values[0]),
        )

    def _compared(self, value: Any) -> tuple[str, str] | None:
        return to_compare(self.value, mentioned_part(value, self.value))


def _values(subject: Subject) -> list[Any]:
    if not isinstance(subject.value, str):
        return [subject.value]
    whole = parsed(subject.value)
    return list(embedded_values(subject.value)) if whole is NOTHING else [whole]


def _shown_candidates(values: list[Any], looked_at: Any) -> str:
    if not values:
        return f"no JSON in {shown(looked_at)}"
    return shown(values[0]) if len(values) == 1 else counted(len(values), "other value")


@assertion("json-schema")
@record(frozen=True, slots=True, kw_only=True)
class JsonSchema:
    """The checked value matches a JSON Schema.

    A string is parsed as JSON first, and fails if it is not JSON. With `path`, the selected value
    is checked itself. The schema is JSON Schema 2020-12 without references to other files.
    `format` is not checked: that of a string, without a `pattern`, an `enum` or a `const` beside
    it, is an error, like a schema without a keyword that restricts.

    Attributes:
        value: The schema.

    Holds:
        messages: [{role: assistant, content: '{"sql": null}'}]
        rendered: [{type: json-schema, role: assistant, value: {required: [sql]}}]

    Fails:
        messages: [{role: assistant, content: '{"query": null}'}]
        rendered: [{type: json-schema, role: assistant, value: {required: [sql]}}]
    """

    value: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.value:
            raise Refused("every value fits an empty schema", hint="or use `is-json`")
        if not (RESTRICTING - {"$defs"}) & self.value.keys() and "format" not in self.value:
            hint = "add a requirement: `type`, `required`, `enum`"
            raise Refused("every value fits this schema", hint=hint)
        for problem in check_schema(self.value, _as_place):
            at = problem.at if isinstance(problem.at, str) else problem.at.path
            raise Refused(
                f"not a valid schema: {problem.message}", hint=problem.hint, at=f"/value{at}"
            )
        for found in unchecked_formats(self.value):
            message = f"`format: {found.name}` is not checked"
            raise Refused(message, hint=found.hint, at=f"/value{found.pointer}")

    def check(self, subject: Subject) -> Verdict:
        value = subject.value
        if isinstance(value, str) and not subject.has_path:
            value = parsed(value)
        wrong = [] if value is NOTHING else self._wrong(value)
        got = shown(subject.value)
        return Verdict(
            passed=value is not NOTHING and not wrong,
            expected="a value that fits the schema",
            opposite="no value that fits the schema",
            where=subject.where,
            got=f"{got}: {'; '.join(wrong)}" if wrong else got,
        )

    def _wrong(self, value: Any) -> list[str]:
        schema = json.dumps(self.value)
        value = json.loads(json.dumps(value))  # a validator does not accept tuples as JSON
        try:
            errors = _validator(schema).errors(value)[:3]
        except ValueError as error:
            raise Unjudgeable(f"the schema can't be used: {error}", "/value") from None
        problems = explain(errors, self.value, value, _as_place, own=False)
        found = [f"{problem.message}{_path_at(problem.at)}" for problem in problems]
        return found or [shortened(message_of(error), 200) for error in errors]


def _path_at(place: str | Place) -> str:
    pointer = place if isinstance(place, str) else place.path
    return f" at {pointer}" if tokens(pointer) else ""


def _as_place(pointer: str, key: bool = False) -> Place:
    """The pointer as a place, since the value is in no file; for a key, that of its mapping."""
    return Place(pointer.rpartition("/")[0] if key else pointer)


@lru_cache(maxsize=64)
def _validator(schema: str) -> Validator:
    return validator(json.loads(schema))
