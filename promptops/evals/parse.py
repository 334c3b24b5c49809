"""One assertion of a case, parsed and validated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from math import isfinite
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from promptops.errors import PromptopsError
from promptops.evals import checked_values
from promptops.evals.case_expressions import Expression, WrongExpression, read_expression
from promptops.evals.registry import (
    AssertionKind,
    Check,
    built_in,
    is_name_of_plugin,
    kind_of,
)
from promptops.evals.subject import NAMES, On, Record, Subject
from promptops.evals.verdict import Question, Refused, Span, Undecided, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.prompt import ROLES, Case, SimulatedUser
from promptops.records import MISSING, fields, record, replace
from promptops.source.explain import type_name
from promptops.suggestions import did_you_mean

Flaw = Literal["empty", "incomplete"]
"""What an answer may lack; see `flawed_answers`."""

FLAWS: tuple[Flaw, ...] = get_args(Flaw)

MOST_OCCURRENCES = 100
"""Places in an answer that one assertion names."""


@record(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assertion of a case.

    Attributes:
        type: As written, with its `not-`.
        check: The check, as if there were no `not-`.
        weight: Its share in the score, or in the set that contains it.
        score: Makes it a measure, decided over all cases; None for a contract.
        must: Whether it has to hold in every case.
        judged: Whether a model decides it, itself or in a set.
        allow: What an answer that it checks may be.
    """

    type: str
    check: Check
    negated: bool = False
    path: str | None = None
    role: str | None = None
    transform: Expression | None = None
    weight: float = 1.0
    score: str | None = None
    must: bool = True
    judged: bool = False
    allow: tuple[Flaw, ...] = ()

    def judge(self, record: Record) -> Verdict:
        """The verdict; raises Unjudgeable for a missing value, and when no work is left."""
        subject = self._subject(record)
        record.work.begin(self.type.removeprefix("not-"), subject.read_chars)
        with _bounded(self.type):
            verdict = self.check.check(subject)
            if not isinstance(verdict, Verdict):
                raise TypeError("`check` returned no verdict")
        return verdict.negated() if self.negated else verdict

    def outcome(self, record: Record) -> tuple[bool, float]:
        """As `judge` without its wording: whether a built-in one holds, and its share of a score.

        For many answers: it takes half the time.
        """
        try:
            verdict = self.check.check(self._subject(record))
        except RecursionError:
            raise _too_deep() from None
        if not self.negated:
            return verdict.passed, verdict.share
        passed = not verdict.passed
        return passed, float(passed) if verdict.degree is None else 1 - verdict.degree

    def asks(self, record: Record) -> tuple[Question, ...]:
        """The questions to answer before `judge`; raises Unjudgeable as `judge` does."""
        asks = getattr(self.check, "asks", None)
        if asks is None:
            return ()
        with _bounded(self.type):
            found: tuple[Question, ...] = asks(self._subject(record))
            return found

    def occurrences(self, record: Record) -> tuple[Span, ...]:
        """Where an answer has what the assertion searches for, whether it requires or forbids it.

        Empty for an assertion that does not search, or that checks another value than the text of
        the answer.
        """
        find = getattr(self.check, "occurrences", None)
        if find is None or record.on != "answer":
            return ()
        subject = self._subject(record)
        if subject.narrowed:
            return ()
        found: tuple[Span, ...] = ()
        with suppress(Unjudgeable), _bounded(self.type):
            found = tuple(islice(find(subject), MOST_OCCURRENCES))
        return tuple(sorted(set(found)))

    def _subject(self, record: Record) -> Subject:
        return Subject(record, path=self.path, role=self.role, transform=self.transform)


@contextmanager
def _bounded(kind: str) -> Iterator[None]:
    """A model may answer with JSON of any depth, and a plug-in may raise anything."""
    try:
        yield
    except RecursionError:
        raise _too_deep() from None
    except (Unjudgeable, PromptopsError):
        raise
    except (Exception, SystemExit) as error:
        if "." not in kind:  # a built-in assertion: a bug to report
            raise
        details = f"{type(error).__name__}: {error}"
        raise Undecided(f"the plug-in failed: {details}", "/type") from error


def _too_deep() -> Unjudgeable:
    return Unjudgeable("the checked value is nested too deep")


# Parses a mapping of a test case to an assertion, and checks each of its fields.
#
# An assertion that could not fail is a problem, too.

COMMON_KEYS = ("type", "path", "role", "transform", "weight", "score", "must", "allow")
DEFAULT_SCORE = "quality"
"""The score of a judged assertion that names none."""


def problems(case: Case) -> Iterator[Problem]:
    """The problems with the assertions of a case, each at its place.

    Assertions of plug-ins are skipped, because hooks do not load them.
    """
    for index, written in enumerate(case.rendered):
        if not is_of_plugin(written):
            yield from placed(parse(written, "request")[1], case, f"/rendered/{index}")
    for on, at, assertions in answer_assertions(case):
        for index, written in enumerate(assertions):
            if not is_of_plugin(written):
                yield from placed(parse(written, on)[1], case, f"{at}/{index}")
    yield from _misused_turns(case)


def answer_assertions(case: Case) -> list[tuple[On, str, Sequence[Mapping[str, Any]]]]:
    """The assertions of a case over its answers: what they check, their JSON pointer in it, they.

    The ones on each turn come in the order of the turns, before those on the conversation.
    """
    found: list[tuple[On, str, Sequence[Mapping[str, Any]]]] = [("answer", "/output", case.output)]
    if case.turns or case.conversation:
        of_turns = ((turn.at.removeprefix(case.at), turn.output) for turn in case.turns)
        found += (("answer", f"{at}/output", output) for at, output in of_turns)
        found.append(("conversation", "/conversation", case.conversation))
    return found


def _misused_turns(case: Case) -> Iterator[Problem]:
    """Turns that can't be asked, or whose answer would not be checked."""

    def problem(message: str, at: str, hint: str, *, key: bool = True) -> Problem:
        return Problem(message, at=case.locate(at, key), hint=hint)

    if case.conversation and not case.turns:
        hint = "write `turns`, or move the assertions below `output`"
        yield problem("a case without turns has no conversation", f"{case.at}/conversation", hint)
    if case.turns and case.output:
        hint = "move each assertion below `output` of a turn, or below `conversation`"
        yield problem("`output` and `turns` exclude each other", f"{case.at}/output", hint)
    for index, turn in enumerate(case.turns):
        if turn.user is not None and turn.results:
            hint = "write the message as a turn of its own, after that of the tool"
            yield problem("`user` and `tool` exclude each other", f"{turn.at}/tool", hint)
        if index and turn.user is None and not turn.results:
            hint = "write `user: …` or `tool: {name: …, result: …}`"
            yield problem("the turn sends nothing to the model", turn.at, hint, key=False)
        if isinstance(turn.user, SimulatedUser):
            yield from _misused_simulation(case, index, problem)


def _misused_simulation(
    case: Case, index: int, problem: Callable[..., Problem]
) -> Iterator[Problem]:
    turn = case.turns[index]
    if turn.output:
        message = "what a simulated user is answered is not known before"
        yield problem(message, f"{turn.at}/output", "move the assertions below `conversation`")
    if index + 1 < len(case.turns):
        later = case.turns[index + 1]
        hint = "make the simulated user the last turn"
        yield problem("no turn can follow a simulated user", later.at, hint, key=False)
    for at, written in enumerate(case.conversation):
        assertion = parse(written, "conversation")[0]
        if assertion is not None and assertion.must:
            message = "a conversation with a simulated user differs each time: it can't be required"
            hint = "write `score: NAME`, which is decided over all cases and repeats"
            place = f"{case.at}/conversation/{at}"
            yield problem(message, place, hint, key=False)
    if not case.conversation:
        hint = "write `conversation: [{type: llm-rubric, value: …}]`"
        yield problem("nothing checks the simulated conversation", turn.at, hint, key=False)


def is_of_plugin(written: Mapping[str, Any]) -> bool:
    """Whether the assertion, or one inside it, belongs to another package."""
    name, parts = written.get("type"), written.get("value")
    if isinstance(name, str) and is_name_of_plugin(name):
        return True
    parts = parts if isinstance(parts, list) and name in _SET_TYPES else ()
    return any(is_of_plugin(part) for part in parts if isinstance(part, Mapping))


_SET_TYPES = frozenset(f"{negation}{name}" for negation in ("", "not-") for name in ("all", "any"))


def placed(found: tuple[Problem, ...], case: Case, at: str) -> Iterator[Problem]:
    """Problems of one assertion at their places in the file; `at` is relative to the case."""
    for problem in found:
        place = case.locate(f"{case.at}{at}{problem.at}", problem.key, problem.within)
        yield replace(problem, at=place, within=None)


def parse(written: Mapping[str, Any], on: On, *, in_set: bool = False) -> _Parsed:
    """An assertion over a request or an answer, or the problems with it.

    The problems point (`at`) into the assertion.
    """
    key = id(written), on, in_set
    known = _PARSE_CACHE.get(key)
    if known is None:
        if len(_PARSE_CACHE) >= _MOST_CACHED:
            _PARSE_CACHE.clear()
        known = _PARSE_CACHE[key] = written, _parsed(written, on, in_set)
    return known[1]


_Parsed = tuple[Assertion | None, tuple[Problem, ...]]
_PARSE_CACHE: dict[tuple[int, On, bool], tuple[Mapping[str, Any], _Parsed]] = {}
"""Parsed assertions by the id of their mapping, because each is needed about five times.

The mapping is stored, too, so that its id is not reused. The mappings of cases never change.
"""
_MOST_CACHED = 50_000


def _parsed(written: Mapping[str, Any], on: On, in_set: bool) -> _Parsed:
    name = written.get("type")
    found = kind_of(name) if isinstance(name, str) else None
    if found is None:
        return None, (_unknown_name(name),)
    kind, negated = found
    inner, wrong_inside = _assertions_inside(kind, written, on)
    values, wrong = read_fields(kind, {**written, **inner})
    wrong = (
        *unknown_keys(kind, written, COMMON_KEYS),
        *wrong,
        *wrong_inside,
        *_misused(kind, written, on),
        *_misused_share(kind, written, in_set),
        *(() if in_set else _misused_allow(written, on)),
    )
    if wrong:
        return None, wrong
    try:
        check = kind.check(**values)
    except Refused as error:
        return None, (Problem(error.message, at=error.at, hint=error.hint),)
    judged = kind.judged or any(part.judged for parts in inner.values() for part in parts)
    assertion = _assertion(written, check, negated, on)
    doubts = tuple(checked_values.problems(assertion, on, in_set=in_set))
    if doubts:
        return None, doubts
    return (_measured(assertion, written) if judged else assertion), ()


def _assertions_inside(
    kind: AssertionKind, written: Mapping[str, Any], on: On
) -> tuple[dict[str, list[Assertion]], tuple[Problem, ...]]:
    """The assertions in an argument of a set."""
    read: dict[str, list[Assertion]] = {}
    wrong: list[Problem] = []
    for key in kind.sets:
        items = written.get(key)
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            continue  # `read_fields` reports it
        read[key] = []
        for index, item in enumerate(items):
            assertion, problems = parse(item, on, in_set=True)
            wrong += (replace(problem, at=f"/{key}/{index}{problem.at}") for problem in problems)
            read[key] += [assertion] if assertion else []
    return read, tuple(wrong)


def _assertion(written: Mapping[str, Any], check: Any, negated: bool, on: On) -> Assertion:
    transform = written.get("transform")
    score = written.get("score")
    return Assertion(
        type=written["type"],
        check=check,
        negated=negated,
        path=written.get("path"),
        role=written.get("role"),
        transform=None if transform is None else read_expression(transform, NAMES[on]),
        weight=written.get("weight", 1.0),
        score=score,
        must=written.get("must", score is None),
        allow=tuple(written.get("allow", ())),
    )


def _measured(assertion: Assertion, written: Mapping[str, Any]) -> Assertion:
    """A judged assertion is a measure unless `must: true` is written."""
    must = written.get("must", False)
    score = assertion.score or (None if must else DEFAULT_SCORE)
    return replace(assertion, judged=True, must=must, score=score)


def _unknown_name(name: Any) -> Problem:
    if not isinstance(name, str):
        message = (
            "`type` is missing" if name is None else f"expected a string, got {type_name(name)}"
        )
        return Problem(message, at="" if name is None else "/type")
    negated = [f"not-{kind}" for kind in built_in()] if name.startswith("not") else []
    known = [*built_in(), *negated]
    if is_name_of_plugin(name):
        hint = "install the package that provides it"
        return Problem(f"there is no assertion `{name}`", at="/type", hint=hint)
    return Problem(f"there is no assertion `{name}`", at="/type", hint=did_you_mean(name, known))


def _misused(kind: AssertionKind, written: Mapping[str, Any], on: On) -> Iterator[Problem]:
    if on not in kind.on:
        to: On = "answer" if "answer" in kind.on else kind.on[0]
        hint = f"move it below `{_WRITTEN_BELOW[to]}`"
        yield Problem(f"`{kind.name}` can't check {_checked_thing(on)}", at="/type", hint=hint)
    yield from _misused_narrowing(kind, written, on)
    for key in (*kind.expressions, "transform"):
        if isinstance(written.get(key), str):
            try:
                read_expression(written[key], NAMES[on])
            except WrongExpression as error:
                yield Problem(error.message, at=f"/{key}", hint=error.hint, within=error.within)
    for key, (kinds, expected) in _COMMON_TYPES.items():
        value = written.get(key)
        if key in written and (not isinstance(value, kinds) or _is_odd_value(key, value)):
            yield Problem(f"expected {expected}, got {type_name(value)}", at=f"/{key}")


def _misused_narrowing(
    kind: AssertionKind, written: Mapping[str, Any], on: On
) -> Iterator[Problem]:
    for key in ("path", "role", "transform"):
        if key in written and key not in kind.narrowed_by:
            yield Problem(f"`{kind.name}` has no key `{key}`", at=f"/{key}", key=True)
    if "role" in written and on != "request":
        yield Problem(f"{_checked_thing(on)} has no roles", at="/role", key=True)
    if "path" in written and on == "conversation":
        yield Problem("a conversation is not JSON", at="/path", key=True, hint="remove it")
    if "role" in written and "path" in written:
        message = "`role` and `path` exclude each other"
        yield Problem(message, at="/role", key=True, hint="keep one of them")
    path, role = written.get("path"), written.get("role")
    if "path" in written and not (isinstance(path, str) and path[:1] in ("", "/")):
        hint = "start it with `/`: /messages/0/content"
        yield Problem(f"expected a JSON pointer, got {type_name(path)}", at="/path", hint=hint)
    if "role" in written and role not in ROLES:
        known = did_you_mean(str(role), ROLES) or f"roles: {', '.join(ROLES)}"
        yield Problem(f"expected a role, got {type_name(role)}", at="/role", hint=known)


def _misused_share(
    kind: AssertionKind, written: Mapping[str, Any], in_set: bool
) -> Iterator[Problem]:
    """Problems with `score` and `must` where they have no effect."""
    if in_set:
        for key in ("score", "must", "allow"):
            if key not in written:
                continue
            hint = "set it on the whole set"
            yield Problem(
                f"an assertion inside a set can't have `{key}`", at=f"/{key}", key=True, hint=hint
            )
    elif written.get("must") is False and not (kind.judged or kind.sets or "score" in written):
        hint = "set the `score` in which it counts"
        yield Problem("it is not required, and counts in no score", at="/must", hint=hint)


def _misused_allow(written: Mapping[str, Any], on: On) -> Iterator[Problem]:
    if "allow" not in written:
        return
    allowed = written["allow"]
    if on != "answer":
        hint = "remove it, or move the assertion below `output`"
        message = "only an answer can be empty or incomplete"
        yield Problem(message, at="/allow", key=True, hint=hint)
    elif not isinstance(allowed, list):
        message = f"expected a list, got {type_name(allowed)}"
        yield Problem(message, at="/allow", hint=f"such as [{', '.join(FLAWS)}]")
    elif not allowed:
        hint = f"known here: {', '.join(FLAWS)}"
        yield Problem("the list allows nothing", at="/allow", hint=hint)
    else:
        for index, name in enumerate(allowed):
            if name not in FLAWS:
                hint = did_you_mean(str(name), FLAWS) or f"known here: {', '.join(FLAWS)}"
                message = f"expected what an answer may be, got {shown(name)}"
                yield Problem(message, at=f"/allow/{index}", hint=hint)


def _checked_thing(on: On) -> str:
    return "an answer" if on == "answer" else f"a {on}"


_WRITTEN_BELOW: Mapping[On, str] = {
    "request": "rendered",
    "answer": "output",
    "conversation": "conversation",
}


_COMMON_TYPES: Mapping[str, tuple[Any, str]] = {
    "transform": (str, "an expression"),
    "weight": ((int, float), "a number from 0.001 to 1,000"),
    "score": (str, "a name"),
    "must": (bool, "true or false"),
}

_LIGHTEST_WEIGHT, _HEAVIEST_WEIGHT = (
    0.001,
    1_000.0,
)  # beyond these, one assertion of a score decides alone


def _is_odd_value(key: str, value: Any) -> bool:
    """A boolean as a number, a weight of nearly nothing, a score without a name."""
    if key == "weight":
        return isinstance(value, bool) or not _LIGHTEST_WEIGHT <= value <= _HEAVIEST_WEIGHT
    return key == "score" and not value


# The fields of one kind of assertion; unknown, missing and wrong ones are problems.


def unknown_keys(
    kind: AssertionKind, written: Mapping[str, Any], common: tuple[str, ...]
) -> Iterator[Problem]:
    """Keys that are neither arguments of this assertion nor of every assertion."""
    known = (*_field_types(kind.check), *common)
    for key in written:
        if key not in known and not key.startswith("x-"):
            hint = did_you_mean(key, known) or f"known here: {', '.join(known)}"
            message = f"`{key}` is not an argument of `{kind.name}`"
            yield Problem(message, at=f"/{escaped(key)}", key=True, hint=hint)


def read_fields(
    kind: AssertionKind, written: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The fields of an assertion, and the problems with them."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields(kind.check):
        if field.name in written:
            try:
                hint = _field_types(kind.check)[field.name]
                values[field.name] = _read_value(hint, written[field.name], f"/{field.name}")
            except Refused as error:
                problems.append(Problem(error.message, at=error.at, hint=error.hint))
        elif field.default is MISSING and field.default_factory is MISSING:
            problems.append(Problem(f"`{kind.name}` needs `{field.name}`", at="/type"))
    return values, tuple(problems)


@cache
def _field_types(check: type) -> Mapping[str, Any]:
    return get_type_hints(check)


def _read_value(hint: Any, value: Any, at: str) -> Any:
    if hint is Any:
        return value
    if get_origin(hint) in (Union, UnionType):
        return _read_one_of(get_args(hint), value, at)
    if get_origin(hint) is tuple and isinstance(value, list):
        item = get_args(hint)[0]
        return tuple(_read_value(item, part, f"{at}/{index}") for index, part in enumerate(value))
    if not _is_of_type(hint, value):
        raise Refused(f"expected {_type_phrase(hint)}, got {type_name(value)}", at=at)
    if isinstance(value, float) and not isfinite(value):
        raise Refused(f"expected a finite number, got {value}", at=at)
    return value


def _read_one_of(hints: tuple[Any, ...], value: Any, at: str) -> Any:
    for hint in hints:
        if _is_of_type(hint, value):
            return _read_value(hint, value, at)
    kinds = " or ".join(_type_phrase(hint) for hint in hints)
    raise Refused(f"expected {kinds}, got {type_name(value)}", at=at)


def _is_of_type(hint: Any, value: Any) -> bool:
    kind = get_origin(hint) or hint
    if isinstance(value, bool):
        return kind is bool
    if kind is tuple:
        return isinstance(value, list)
    return isinstance(value, (int, float) if kind is float else kind)


def _type_phrase(hint: Any) -> str:
    names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(hint) or ("a list" if get_origin(hint) is tuple else "a mapping")
