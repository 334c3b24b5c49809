"""Validation errors of a schema as messages for people, at the place to change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from promptops.json_pointer import pointer_to
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.runtime.request.schema_check import MAX_ERRORS, Error, message_of, shortened
from promptops.source.explain import NOT_SHOWN, Secret, short, type_name
from promptops.suggestions import MAX_LOOKUPS, did_you_mean, nearest_name

MOST_LISTED_KEYS = 16
"""Known keys are listed in a hint up to this number."""

_TYPE_PHRASES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


class Explainer:
    """The problems with one value; `at` is its pointer in the file that `place` locates."""

    def __init__(self, schema: Any, value: Any, place: Locate, at: str, secret: Secret) -> None:
        self._schema = schema
        self._value = value
        self._place = place
        self._at = at
        self._secret = secret
        self._near: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def in_order(self, errors: Iterable[Error]) -> tuple[Problem, ...]:
        """The problems of the first MAX_ERRORS errors, in the order of the file."""
        first = list(islice(errors, MAX_ERRORS))
        return tuple(sorted(set(self.problems(first)), key=_by_place))

    def problems(self, errors: list[Error]) -> Iterator[Problem]:
        """Problems in order. A misspelt key is reported only as misspelt, not as missing, too."""
        meant = {
            (tuple(error.instance_path), self._close(name, self._known_keys(error)))
            for error in errors
            for name in _unexpected(error)
        }
        for error in errors:
            path = tuple(error.instance_path)
            if not any((path, key) in meant for key in _missing_keys(error)):
                yield from self._problem(error)

    def _problem(self, error: Error) -> Iterator[Problem]:
        if _unexpected(error):
            yield from self._unknown_keys(error)
        elif error.kind.name in ("anyOf", "oneOf"):
            yield from self._alternatives(error)
        elif error.kind.name == "required":
            yield self._missing(error, f"`{error.kind.property}` is missing")
        elif error.kind.name == "falseSchema":
            yield self._not_here(error)
        elif error.kind.name == "propertyNames":
            yield from list(self._names(error)) or [self._refused(error)]
        else:
            yield self._refused(error)

    def _refused(self, error: Error) -> Problem:
        path = error.instance_path
        got = NOT_SHOWN if self._secret(path) else self._look_up(path)
        message, hint = _wrong_value(error, got)
        hint = hint or _without_braces(path, got)
        where = self._schema_at(error.schema_path[:-1])
        hint = hint or own_hint(where) or list_hint(where, got)
        return self._make(message, self._place_of(path), hint)

    def _unknown_keys(self, error: Error) -> Iterator[Problem]:
        for name in _unexpected(error):
            place = self._place_of([*error.instance_path, name], key=True)
            yield self._make(f"unknown key `{name}`", place, self._hint(name, error))

    def _hint(self, name: str, error: Error) -> str | None:
        where = self._schema_at(error.schema_path[:-1])
        own = where.get("x-hints")
        if isinstance(own, Mapping) and name in own:
            return str(own[name])
        if name.removeprefix("not-") in listed_options(where.get("properties", {}).get("type")):
            return f"write `type: {name}, value: …`"
        known = self._known_keys(error)
        near = self._close(name, known)
        hint = f"did you mean `{near}`?" if near is not None else None
        hint = hint or own_hint(where)
        if hint is None and 0 < len(known) <= MOST_LISTED_KEYS:
            return f"known keys: {', '.join(sorted(known))}"
        return hint

    def _close(self, name: str, known: list[str]) -> str | None:
        """The known key nearest to an unknown one; None after MAX_LOOKUPS keys."""
        key = (name, tuple(known))
        if key not in self._near and len(self._near) < MAX_LOOKUPS:
            self._near[key] = nearest_name(name, known)
        return self._near.get(key)

    def _known_keys(self, error: Error) -> list[str]:
        """The known keys of the schema that refused a key, except those it refuses on purpose."""
        properties = self._schema_at(error.schema_path[:-1]).get("properties", {})
        return [name for name, allowed in properties.items() if allowed is not False]

    def _schema_at(self, path: list[str | int]) -> Any:
        found: Any = self._schema
        for token in path:
            if isinstance(found, list) and isinstance(token, int):
                found = found[token]
            else:
                found = found.get(token, {}) if isinstance(found, Mapping) else {}
        return found

    def _alternatives(self, error: Error) -> Iterator[Problem]:
        """Name the forms that differ by one key; otherwise explain the most similar form."""
        branches = error.kind.context
        if keys := _missing_keys(error):
            names = ", ".join(f"`{key}`" for key in keys)
            yield self._missing(error, f"one of {names} is missing")
        elif error.kind.name == "oneOf" and not all(branches):
            forms = self._schema_at(error.schema_path)
            fit = [form for form, branch in zip(forms, branches, strict=True) if not branch]
            required = [form.get("required", ()) for form in fit if isinstance(form, Mapping)]
            names = ", ".join(f"`{key}`" for keys in required for key in keys)
            names = names or "the alternatives"
            yield self._make(f"only one of {names} is allowed", self._first_key(error))
        else:
            yield from self.problems(max(branches, key=_fit_of_branch))

    def _missing(self, error: Error, message: str) -> Problem:
        return self._make(message, self._first_key(error))

    def _first_key(self, error: Error) -> Place:
        """A missing key is reported at the first key of the mapping."""
        value = self._look_up(error.instance_path)
        if isinstance(value, Mapping) and value:
            return self._place_of([*error.instance_path, next(iter(value))], key=True)
        return self._place_of(error.instance_path)

    def _not_here(self, error: Error) -> Problem:
        name = error.instance_path[-1] if error.instance_path else ""
        others = self._look_up(error.instance_path[:-1])
        keys = others if isinstance(others, Mapping) else ()
        beside = next((key for key in keys if key != name), "")
        message = (
            f"can't combine `{name}` with `{beside}`" if beside else f"`{name}` is not allowed here"
        )
        return self._make(message, self._place_of(error.instance_path, key=True))

    def _names(self, error: Error) -> Iterator[Problem]:
        names = self._look_up(error.instance_path)
        for name in islice(names if isinstance(names, Mapping) else (), MAX_ERRORS):
            if not str(name).isidentifier() or not str(name).isascii():
                place = self._place_of([*error.instance_path, name], key=True)
                hint = "letters, digits and `_`, not beginning with a digit"
                yield self._make(f"`{name}` can't be a name in a template", place, hint)

    def _make(self, message: str, place: Place, hint: str | None = None) -> Problem:
        return Problem(shortened(message), at=place, hint=hint, code="SCH002")

    def _place_of(self, path: list[str | int], *, key: bool = False) -> Place:
        return self._place(self._at + pointer_to(path), key)

    def _look_up(self, path: list[str | int]) -> Any:
        """The value at a path, or the nearest value above it."""
        value = self._value
        for token in path:
            in_list = isinstance(value, list) and isinstance(token, int) and token < len(value)
            if not in_list and not (isinstance(value, Mapping) and token in value):
                break
            value = value[token]
        return value


def _without_braces(path: Sequence[str | int], got: Any) -> str | None:
    """The hint for `when: {x}`, which YAML reads as a mapping without a value."""
    if not path or path[-1] != "when" or not isinstance(got, Mapping) or len(got) != 1:
        return None
    name, value = next(iter(got.items()))
    return f"write the expression without braces: `{short(name)}`" if value is None else None


def _unexpected(error: Error) -> list[str]:
    found: list[str] = getattr(error.kind, "unexpected", [])
    return found[:MAX_ERRORS]


def _missing_keys(error: Error) -> list[str]:
    """The missing key, or the keys of which one is missing."""
    if error.kind.name == "required":
        return [error.kind.property]
    branches = getattr(error.kind, "context", [])
    keys = [branch[0].kind.property for branch in branches if _lacks_a_key(error, branch)]
    return keys if len(keys) == len(branches) else []


def _lacks_a_key(error: Error, branch: list[Error]) -> bool:
    return (
        len(branch) == 1
        and branch[0].kind.name == "required"
        and branch[0].instance_path == error.instance_path
    )


def _fit_of_branch(branch: list[Error]) -> tuple[int, int]:
    """Sort key: the branch with deeper errors fits better, then the one with fewer errors."""
    return max((len(error.instance_path) for error in branch), default=0), -len(branch)


def _by_place(problem: Problem) -> tuple[Place, str]:
    assert isinstance(problem.at, Place)
    return problem.at, problem.message


def _wrong_value(error: Error, got: Any) -> tuple[str, str | None]:
    message = _MESSAGE_BY_KEYWORD.get(error.kind.name)
    if message is None:
        is_shown = got is not NOT_SHOWN
        more = f": {shortened(message_of(error), 200)}" if is_shown else ""
        return f"{type_name(got)} is not allowed{more}", None
    return message(error.kind, got)


def _wrong_type(kind: Any, got: Any) -> tuple[str, str | None]:
    types = kind.types
    expected = " or ".join(_TYPE_PHRASES[name] for name in types)
    hint = type_hint(types, got)
    return f"expected {expected}, got {type_name(got)}", hint


def _wrong_option(kind: Any, got: Any) -> tuple[str, str | None]:
    return _none_of([str(option) for option in kind.options], got)


def _none_of(options: Sequence[str], got: Any) -> tuple[str, str | None]:
    hint = did_you_mean(got, options) if isinstance(got, str) else None
    if len(options) > 12:
        return f"{type_name(got)} is not a known value", hint
    return f"expected one of {', '.join(options)}, got {type_name(got)}", hint


def _wrong_constant(kind: Any, got: Any) -> tuple[str, str | None]:
    return f"expected `{kind.expected_value}`, got {type_name(got)}", None


def _beyond_limit(phrase: str) -> Callable[[Any, Any], tuple[str, str | None]]:
    def message(kind: Any, got: Any) -> tuple[str, str | None]:
        return f"expected {phrase.format(kind.limit)}, got {type_name(got)}", None

    return message


def _too_short(kind: Any, got: Any) -> tuple[str, str | None]:
    expected = (
        "a non-empty string"
        if kind.limit == 1
        else f"a string of at least {counted(kind.limit, 'character')}"
    )
    return f"expected {expected}, got {type_name(got)}", None


def _wrong_pattern(kind: Any, got: Any) -> tuple[str, str | None]:
    if kind.pattern == _ADDRESS_PATTERN:
        return "expected an address that begins with `http://` or `https://`", None
    words = _WORDS_PATTERN.fullmatch(kind.pattern)
    if words is not None:
        return _none_of(words[1].split("|"), got)
    return f"{type_name(got)} does not fit the pattern `{kind.pattern}`", None


_ADDRESS_PATTERN = "^https?://"
_WORDS_PATTERN = lazy_pattern(r"\^\(([a-z]+(?:\|[a-z]+)+)\)\$")


def _repeated_item(_kind: Any, _got: Any) -> tuple[str, str | None]:
    return "this list contains the same item twice", "remove one"


_MESSAGE_BY_KEYWORD: dict[str, Callable[[Any, Any], tuple[str, str | None]]] = {
    "type": _wrong_type,
    "enum": _wrong_option,
    "const": _wrong_constant,
    "pattern": _wrong_pattern,
    "uniqueItems": _repeated_item,
    "minimum": _beyond_limit("at least {}"),
    "maximum": _beyond_limit("at most {}"),
    "exclusiveMinimum": _beyond_limit("more than {}"),
    "exclusiveMaximum": _beyond_limit("less than {}"),
    "minLength": _too_short,
    "maxLength": _beyond_limit("a string of at most {} characters"),
    "minItems": _beyond_limit("a list of at least {}"),
    "maxItems": _beyond_limit("a list of at most {}"),
    "minProperties": _beyond_limit("a mapping of at least {}"),
}


# Hints that can be pasted: how a refused value was probably meant.

_INTEGER_TEXT = lazy_pattern(r"(-?(?:0|[1-9]\d{0,2}(?:[,_]?\d{3})*)) ?%?")
_DECIMAL_TEXT = lazy_pattern(r"(-?(?:0|[1-9]\d*)\.\d+) ?%?")
_BOOLEAN_WORDS = {"yes": "true", "on": "true", "true": "true"}
_BOOLEAN_WORDS |= {"no": "false", "off": "false", "false": "false"}


def own_hint(where: Mapping[str, Any]) -> str | None:
    """The hint in a schema of promptops; a schema of a user may have any value there."""
    hint = where.get("x-hint")
    return hint if isinstance(hint, str) else None


def list_hint(where: Mapping[str, Any], got: Any) -> str | None:
    """How to write a string that should be in a list; right in YAML and in TOML."""
    items = where.get("items")
    of_strings = isinstance(items, Mapping) and items.get("type") == "string"
    if where.get("type") != "array" or not of_strings:
        return None
    if not isinstance(got, str) or short(got) != got or "`" in got:
        return None
    return f"write `[{json.dumps(got, ensure_ascii=False)}]`"


def type_hint(types: Sequence[str], got: Any) -> str | None:
    """How to write a value of another type that was probably meant."""
    if types == ["string"] and isinstance(got, bool | int | float):
        return "quote it"
    if not isinstance(got, str):
        return None
    if types == ["boolean"] and got.lower() in _BOOLEAN_WORDS:
        return f"write `{_BOOLEAN_WORDS[got.lower()]}`, without quotes"
    number = _INTEGER_TEXT.fullmatch(got) if types in (["integer"], ["number"]) else None
    if number is None and types == ["number"]:
        number = _DECIMAL_TEXT.fullmatch(got)
    return f"write {re.sub('[,_]', '', number[1])}, without quotes" if number else None


def listed_options(written: Any) -> Collection[str]:
    """The values that a schema lists in one of its alternatives."""
    forms = written.get("anyOf", ()) if isinstance(written, Mapping) else ()
    options = (form.get("enum", ()) for form in forms if isinstance(form, Mapping))
    return [str(option) for each in options for option in each]
