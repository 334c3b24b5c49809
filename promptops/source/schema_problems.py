"""Validation errors of a schema as messages for people, at the place to change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from promptops.json_pointer import pointer_to, tokens
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.runtime.request.input_problems import TYPE_PHRASES
from promptops.runtime.request.schema_check import MAX_ERRORS, Error, message_of, shortened
from promptops.source.explain import NOT_SHOWN, Secret, short, type_name
from promptops.suggestions import MAX_LOOKUPS, did_you_mean, nearest_name

MOST_LISTED_KEYS = 16
"""Known keys are listed in a hint up to this number."""

_TYPE_PHRASES = {**TYPE_PHRASES, "object": "a mapping"}


class Explainer:
    """The problems with one value; `at` is its pointer in the file that `place` locates."""

    def __init__(
        self, schema: Any, value: Any, place: Locate, at: str, secret: Secret, *, own: bool
    ) -> None:
        """`own`: The schema is one of promptops, which may have `x-hints`."""
        self._schema = schema
        self._own = own
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
        # A key of another tool, with a hint of its own, is probably the missing one.
        foreign = {tuple(error.instance_path) for error in errors if self._is_foreign(error)}
        for error in errors:
            path = tuple(error.instance_path)
            missing = _missing_keys(error)
            explained = path in foreign or any((path, key) in meant for key in missing)
            if not (missing and explained):
                yield from self._problem(error)

    def _is_foreign(self, error: Error) -> bool:
        """Whether a key is unknown whose hint the schema has."""
        hinted = self._hints(error)
        return any(name in hinted or self._is_type(name, error) for name in _unexpected(error))

    def _hints(self, error: Error) -> Mapping[str, str]:
        """The hints for keys and values that users of other tools write."""
        own = self._schema_at(error.schema_path[:-1]).get("x-hints") if self._own else None
        return own if isinstance(own, Mapping) else {}

    def _is_type(self, name: str, error: Error) -> bool:
        """Whether an unknown key is the type of an assertion, as in `{contains: x}`."""
        properties = self._schema_at(error.schema_path[:-1]).get("properties", {})
        options = listed_options(properties.get("type")) if self._own else ()
        return name.removeprefix("not-") in options

    def _problem(self, error: Error) -> Iterator[Problem]:
        if _unexpected(error):
            for name in _unexpected(error):
                place = self._place_of([*error.instance_path, name], key=True)
                yield self._make(f"unknown key `{name}`", place, self._hint(name, error))
        elif error.kind.name in ("anyOf", "oneOf"):
            yield from self._alternatives(error)
        elif error.kind.name == "required":
            yield self._missing(error, f"`{error.kind.property}` is missing")
        elif error.kind.name == "falseSchema":
            yield self._not_here(error)
        elif error.kind.name == "propertyNames" and self._own:
            yield from list(self._names(error)) or [self._refused(error)]
        else:
            yield self._refused(error)

    def _refused(self, error: Error) -> Problem:
        path = error.instance_path
        got = NOT_SHOWN if self._secret(path) else self._look_up(path)
        message, hint = _wrong_value(error, got, own=self._own)
        return self._make(message, self._place_of(path), self._hint_at(error, got, hint))

    def _hint_at(self, error: Error, got: Any, hint: str | None) -> str | None:
        """How to write a refused value; `hint` is that of its keyword."""
        path, where = error.instance_path, self._schema_at(error.schema_path[:-1])
        return (
            _hint_for_value(self._hints(error), got)
            or hint
            or _without_braces(path, got)
            or _required_list([*tokens(self._at), *map(str, path)], got)
            or own_hint(where)
            or list_hint(_STRINGS if path[-1:] == ["enum"] else where, got)
        )

    def _hint(self, name: str, error: Error) -> str | None:
        where = self._schema_at(error.schema_path[:-1])
        hints = self._hints(error)
        if name in hints:
            return hints[name]
        if self._is_type(name, error):
            return f"write `type: {name}, value: …`"
        known = self._known_keys(error)
        if _RULE_CODE.fullmatch(name) and "per-file-ignores" in where.get("properties", {}):
            return f'write `ignore = ["{name}"]`, or `severity = {{{name} = "warning"}}`'
        if name.isdecimal() and self._look_up([*error.instance_path, name]) is None:
            return "write a decimal number with a point, such as `0.2`"
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
        where = self._schema_at(error.schema_path[:-1])
        return self._make(message, self._first_key(error), own_hint(where))

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
                hint = "write A-Z, a-z, 0-9 and `_`, not beginning with a digit"
                message = f"`{name}` can't be a name in a template"
                yield self._make(message + _first_foreign_letter(str(name)), place, hint)

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


def _hint_for_value(hints: Mapping[str, str], got: Any) -> str | None:
    """The hint for a value that users of other tools write."""
    if not isinstance(got, str):
        return None
    plain = got.lower().removeprefix("not-")
    hint = hints.get(got.lower()) or hints.get(plain)
    if hint is None or plain == got.lower():
        return hint
    return hint.replace("`", "`not-", 1)


def _required_list(path: Sequence[str], got: Any) -> str | None:
    """The hint for `required: true` at a property, as other formats have it."""
    if not isinstance(got, bool) or len(path) < 3 or path[-1] != "required":
        return None
    if path[-3] != "properties":
        return None
    beside = f"write `required: [{short(path[-2])}]` beside `properties`"
    return beside if got else "leave it out: only names in the list `required` are required"


def _first_foreign_letter(name: str) -> str:
    """The end of the message about a name that may look as if it had only Latin letters."""
    foreign = next((char for char in name if not char.isascii()), None)
    if foreign is None:
        return ""
    from promptops.look_alikes import named

    return f": `{foreign}` is {named(foreign)}"


_RULE_CODE = lazy_pattern(r"[A-Z]{3}\d{3}")
_STRINGS = {"type": "array", "items": {"type": "string"}}


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


def _wrong_value(error: Error, got: Any, *, own: bool) -> tuple[str, str | None]:
    message = _MESSAGE_BY_KEYWORD.get(error.kind.name)
    if message is _wrong_pattern and not own:
        message = _unfit
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
    if {*options} == {*_TYPE_PHRASES} and isinstance(got, str):
        hint = _type_as_schema(got) or hint
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
    """What a pattern in a schema of promptops means."""
    if kind.pattern == _ADDRESS_PATTERN:
        return "expected an address that begins with `http://` or `https://`", None
    words = _WORDS_PATTERN.fullmatch(kind.pattern)
    if words is not None:
        return _none_of(words[1].split("|"), got)
    if kind.pattern in _POINTER_PATTERNS:
        hint = f"write `{_as_pointer(got)}`" if isinstance(got, str) else None
        return f"expected a JSON pointer, got {type_name(got)}", hint
    if kind.pattern == _DATE_PATTERN:
        return f"expected a date, YYYY-MM-DD, got {type_name(got)}", None
    return _unfit(kind, got)


def _unfit(kind: Any, got: Any) -> tuple[str, str | None]:
    return f"{type_name(got)} does not fit the pattern `{kind.pattern}`", None


_ADDRESS_PATTERN = "^https?://"
_WORDS_PATTERN = lazy_pattern(r"\^\(([a-z]+(?:\|[a-z]+)+)\)\$")
_DATE_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_POINTER_PATTERNS = ("^(/|$)", "^/")
_INDEX = lazy_pattern(r"\[[\"']?([^\]\"']*)[\"']?\]")


def _as_pointer(written: str) -> str:
    """A JSON pointer for a path in another syntax, such as `$.tools[0].name`."""
    path = _INDEX.sub(r".\1", written.removeprefix("$"))
    return "/" + short(path.strip("./#")).replace(".", "/")


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
_DECIMAL_COMMA = lazy_pattern(r"(-?\d+),(\d+)")
_TYPES_ELSEWHERE = {
    **dict.fromkeys(("str", "text", "varchar"), "string"),
    **dict.fromkeys(("int", "long"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    "bool": "boolean",
    **dict.fromkeys(("list", "tuple", "set"), "array"),
    **dict.fromkeys(("dict", "map", "mapping", "record"), "object"),
    **dict.fromkeys(("none", "nil", "undefined"), "null"),
}
"""From types of programming languages to those of JSON Schema."""
_ITEMS_TYPE = lazy_pattern(r"(?:list|array|List|Array)[\[<](\w+)[\]>]|(\w+)\[\]")
_BOOLEAN_WORDS = {"yes": "true", "on": "true", "true": "true"}
_BOOLEAN_WORDS |= {"no": "false", "off": "false", "false": "false"}


def own_hint(where: Mapping[str, Any]) -> str | None:
    """The hint in a schema of promptops; a schema of a user may have any value there."""
    hint = where.get("x-hint")
    return hint if isinstance(hint, str) else None


def list_hint(where: Mapping[str, Any], got: Any) -> str | None:
    """How to write a string that should be in a list; right in YAML and in TOML."""
    items = where.get("items")
    of_strings = isinstance(items, Mapping) and (items.get("type") == "string" or "enum" in items)
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
    if types == ["boolean", "object"]:
        known = _json_type(got)
        return f"write `{{type: {known}}}`" if known else None
    if types == ["boolean"] and got.lower() in _BOOLEAN_WORDS:
        return f"write `{_BOOLEAN_WORDS[got.lower()]}`, without quotes"
    number = _number_in(got, types) if types in (["integer"], ["number"]) else None
    return f"write {number}, without quotes" if number else None


def _number_in(written: str, types: Sequence[str]) -> str | None:
    """The number in a string, without thousands separators and units."""
    whole = _INTEGER_TEXT.fullmatch(written)
    if whole is not None:
        return re.sub("[,_]", "", whole[1])
    decimal = _DECIMAL_TEXT.fullmatch(written) if types == ["number"] else None
    if decimal is not None:
        return decimal[1]
    comma = _DECIMAL_COMMA.fullmatch(written) if types == ["number"] else None
    if comma is not None:
        return f"{comma[1]}.{comma[2]}"
    return _without_unit(written, whole=types == ["integer"])


_WITH_UNIT = lazy_pattern(r"(\d{1,15}(?:\.\d{1,10})?) ?(k|s|sec|seconds|USD|usd)")


def _without_unit(written: str, *, whole: bool) -> str | None:
    """The number of `20k` or `30s`; None if a whole number is expected and it is not one."""
    found = _WITH_UNIT.fullmatch(written)
    if found is None:
        return None
    number = Decimal(found[1]) * (1_000 if found[2] == "k" else 1)
    return None if whole and number % 1 else f"{number.normalize():f}"


def _json_type(written: str) -> str | None:
    """The type of JSON Schema that a word means."""
    word = written.lower().removesuffix("?")
    return word if word in _TYPE_PHRASES else _TYPES_ELSEWHERE.get(word)


def _type_as_schema(written: str) -> str | None:
    """How to write a type of a programming language in JSON Schema."""
    items = _ITEMS_TYPE.fullmatch(written)
    if items is not None:
        of = _json_type(items[1] or items[2])
        return f"write `type: array, items: {{type: {of}}}`" if of else "write `array`"
    known = _json_type(written)
    return f"write `{known}`" if known else None


def listed_options(written: Any) -> Collection[str]:
    """The values that a schema lists in one of its alternatives."""
    forms = written.get("anyOf", ()) if isinstance(written, Mapping) else ()
    options = (form.get("enum", ()) for form in forms if isinstance(form, Mapping))
    return [str(option) for each in options for option in each]
