"""Jinja's environment, and its deterministic filters and tests, charged for before each call."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jinja2.filters import FILTERS, ignore_case, make_attrgetter
from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import _PassArg, pass_context

from promptops.patterns import lazy_pattern
from promptops.runtime.template.data import NotJson, json_copy
from promptops.runtime.template.limits import (
    MAX_ARGUMENT,
    MAX_ITEMS,
    MAX_TEXT_CHARS,
    LimitExceeded,
    Meter,
    length_of,
    refuse_many,
)
from promptops.runtime.template.values import (
    ITEM_COST,
    is_opaque,
    kind,
    lookup,
    weigh,
    weigh_for_comparing,
    weigh_key,
    weighed_items,
)

_PLAIN_FILTERS = str.split(
    "abs capitalize count d default dictsort e escape filesizeformat first float groupby int items"
    " last length list lower map max min reject rejectattr reverse select selectattr sort string"
    " title truncate upper urlencode wordcount"
)
_SIZED_FILTERS = str.split("batch center round slice")
_ALLOWED_TESTS = str.split(
    "boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable"
    " le lessthan lower lt mapping ne none number odd sequence string true undefined upper"
    " == != > >= < <="
)
MAX_COPIED_CHARS = 100_000_000
MAX_WORD_CHARS = 20_000


def allowed_filters() -> dict[str, Callable[..., Any]]:
    """The filters by name; all others do not exist."""
    known: dict[str, Any] = FILTERS
    filters = {name: _without_markup(known[name]) for name in _PLAIN_FILTERS}
    filters |= {name: _capped(name, known[name]) for name in _SIZED_FILTERS}
    filters["format"] = _format
    filters["indent"] = _indent
    filters["join"] = _capped_join(FILTERS["join"])
    filters["json"] = _json
    filters["tojson"] = _tojson
    filters["parse_json"] = _parse_json
    filters["replace"] = _replace
    filters["split"] = _split
    filters["striptags"] = _striptags
    filters["sum"] = _sum
    filters["trim"] = _trim
    filters["unique"] = _unique
    filters["wordwrap"] = _wordwrap
    return filters


def allowed_tests() -> dict[str, Callable[..., Any]]:
    """The tests by name; all others do not exist."""
    known: dict[str, Any] = TESTS
    return {name: known[name] for name in _ALLOWED_TESTS} | {
        "divisibleby": _divisibleby,
        "even": _even,
        "odd": _odd,
    }


def _without_markup(function: Callable[..., Any]) -> Callable[..., Any]:
    """Markup escapes strings that are added to it, but a prompt is not HTML."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return str.__str__(result) if isinstance(result, str) else result

    return call


def _capped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    function = _without_markup(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        # The first arguments are the one that Jinja passes, if any, and the value itself.
        skip = 2 if hasattr(function, "jinja_pass_arg") else 1
        for argument in (*args[skip:], *kwargs.values()):
            _refuse_large_argument(name, argument)
        return function(*args, **kwargs)

    return call


def _refuse_large_argument(name: str, argument: Any) -> None:
    size = abs(argument) if isinstance(argument, (int, float)) else length_of(argument)
    if size > MAX_ARGUMENT:
        raise LimitExceeded(f"an argument of `{name}` over {MAX_ARGUMENT:,}")


def _refuse_long_result(name: str, chars: int) -> None:
    if chars > MAX_TEXT_CHARS:
        raise LimitExceeded(f"a result of `{name}` that is too large")


def _capped_join(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def join(context: Any, value: Any, d: Any = "", attribute: Any = None) -> str:
        items = list(value)
        if len(items) > MAX_ITEMS:
            raise LimitExceeded("a result of `join` that is too large")
        _refuse_long_result("join", len(items) * len(str(d)))
        return str.__str__(function(context, items, d, attribute))

    return join


def _indent(s: Any, width: Any = 4, first: bool = False, blank: bool = False) -> str:
    """Jinja's `indent`."""
    if not isinstance(s, str):
        raise TypeError("`indent` needs a string")
    text = str(s)
    _refuse_large_argument("indent", width)
    added = len(width) if isinstance(width, str) else int(width)
    _refuse_long_result("indent", len(text.splitlines()) * max(added, 0))
    result: str = FILTERS["indent"](text, width, first, blank)
    return str.__str__(result)


def _json(value: Any, indent: int | None = None) -> str:
    """JSON without the HTML escapes of `tojson`; keys keep their order."""
    return _dumped(json.JSONEncoder(indent=indent, allow_nan=False, ensure_ascii=False), value)


def _tojson(value: Any, indent: int | None = None) -> str:
    """Jinja's `tojson`: sorted keys, and characters with a meaning in HTML escaped."""
    text = _dumped(json.JSONEncoder(indent=indent, allow_nan=False, sort_keys=True), value)
    for char in "<>&'":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _dumped(encoder: json.JSONEncoder, value: Any) -> str:
    indent: Any = encoder.indent
    if indent is None:
        return encoder.encode(value)
    if not 0 <= indent <= 8:
        raise LimitExceeded("an indent of `json` over 8")
    chunks, chars = [], 0
    for chunk in encoder.iterencode(value):
        chunks.append(chunk)
        chars += len(chunk)
        _refuse_long_result("json", chars)
    return "".join(chunks)


def _parse_json(value: Any) -> Any:
    """The value of a string that is JSON and nothing else (RFC 8259)."""
    if not isinstance(value, str):
        raise TypeError(f"`parse_json` needs a string, not {kind(value)}")
    try:
        return json_copy(_DECODER.decode(value))
    except NotJson as error:
        raise LimitExceeded(f"`parse_json`: the value {error.message}") from None
    except RecursionError:  # the depth limit depends on Python's version; this message must not
        raise LimitExceeded(
            "`parse_json`: the value is nested too deep, or contains itself"
        ) from None
    except ValueError:
        raise ValueError("`parse_json`: the string is not JSON") from None


def _no_json(written: str) -> Any:
    raise ValueError(f"{written} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_json)


def _replace(s: Any, old: Any, new: Any, count: int | None = None) -> str:
    """Jinja's `replace`: every occurrence, or the first `count`."""
    text, old, new = str(s), str(old), str(new)
    found = text.count(old)
    times = found if count is None or count < 0 else min(count, found)
    _refuse_long_result("replace", times * len(new))
    return text.replace(old, new, -1 if count is None else count)


def _split(value: Any, separator: str | None = None) -> list[str]:
    """The parts of a string between separators; without one, its words."""
    if not isinstance(value, str):
        raise TypeError(f"`split` needs a string, not {kind(value)}")
    if separator == "":
        raise ValueError("`split` needs a separator that is not empty")
    return str(value).split(separator)


def _striptags(value: Any) -> str:
    """Jinja's `striptags`, which copies the text for each tag."""
    text = str(value)
    if text.count("<") * len(text) > MAX_COPIED_CHARS:
        raise LimitExceeded("`striptags` of too many tags")
    result: str = FILTERS["striptags"](text)
    return str.__str__(result)


def _sum(environment: Any, iterable: Any, attribute: Any = None, start: Any = 0) -> Any:
    """Jinja's `sum`, without the compensation for floats that Python has since 3.12."""
    if not isinstance(start, (int, float)):
        raise LimitExceeded("`sum` adds numbers only")
    if attribute is not None:
        iterable = map(make_attrgetter(environment, attribute), iterable)
    for item in iterable:
        start = start + item
    return start


def _trim(value: Any, chars: Any = None) -> str:
    """Jinja's `trim`, which searches `chars` for each character of the value."""
    _refuse_large_argument("trim", chars)
    result: str = FILTERS["trim"](value, chars)
    return str.__str__(result)


@pass_context
def _unique(
    context: Any, value: Any, case_sensitive: bool = False, attribute: Any = None
) -> Iterator[Any]:
    """Jinja's `unique`, with a charge for keys whose hashes may collide."""
    lower = None if case_sensitive else ignore_case
    key_of = make_attrgetter(context.environment, attribute, postprocess=lower)
    keys: set[Any] = set()
    for item in value:
        key = key_of(item)
        weigh_key(key, len(keys), context.meter)
        if key not in keys:
            keys.add(key)
            yield item


def _remainder(value: Any, divisor: Any) -> Any:
    """For a string, `%` formats it; the result never equals a number."""
    return _formatted(value, divisor) if isinstance(value, str) else value % divisor


def _divisibleby(value: Any, num: Any) -> bool:
    return bool(_remainder(value, num) == 0)


def _even(value: Any) -> bool:
    return bool(_remainder(value, 2) == 0)


def _odd(value: Any) -> bool:
    return bool(_remainder(value, 2) == 1)


def _wordwrap(environment: Any, s: Any, width: int = 79, *args: Any, **kwargs: Any) -> str:
    """Jinja's `wordwrap`, which copies the rest of a word for each line of it."""
    for argument in (width, *args, *kwargs.values()):
        _refuse_large_argument("wordwrap", argument)
    words = s.split()
    copied = sum(len(word) ** 2 for word in words) // max(width, 1)
    if copied > MAX_COPIED_CHARS or max(map(len, words), default=0) > MAX_WORD_CHARS:
        raise LimitExceeded("`wordwrap` of words that are too long")
    breaks = len(words) + len(s) // max(width, 1) + s.count("\n")
    _refuse_long_result("wordwrap", breaks * max([0, *map(length_of, (*args, *kwargs.values()))]))
    result: str = FILTERS["wordwrap"](environment, s, width, *args, **kwargs)
    return str.__str__(result)


# Jinja passes the environment to functions with the mark of its own filters.
for _function, _name in ((_sum, "sum"), (_wordwrap, "wordwrap")):
    functools.update_wrapper(_function, FILTERS[_name])


# Jinja's `format`: printf-style formatting that checks widths before it applies them

_CONVERSION = lazy_pattern(r"[#0\- +]*(\*|\d*)(?:\.(\*|\d*))?")


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    """`"%s and %s"|format(a, b)`, or `"%(a)s"|format(a=b)`; a width is at most 999."""
    text = str(value)
    if args and kwargs:
        raise LimitExceeded("`format` takes positional or named values, not both")
    return _formatted(text, kwargs or args)


def _formatted(text: str, given: Any) -> str:
    """`text % given`, within limits."""
    values = given.values() if isinstance(given, dict) else given
    values = values if isinstance(given, (dict, tuple)) else [given]
    longest = max((len(str(value)) for value in values), default=0)
    # `%a` writes a character as up to ten; a mapping can be printed whole by each `%s`.
    longest = 10 * (longest + (len(str(given)) if isinstance(given, dict) else 0))
    chars = len(text)
    for width in _widths(text):
        chars += width + min(longest, MAX_TEXT_CHARS)
        if chars > 10 * MAX_TEXT_CHARS:
            raise LimitExceeded("a result of `format` that is too large")
    filled: str = text % given
    return filled


def _widths(text: str) -> Iterator[int]:
    """The sum of width and precision of each conversion; raises LimitExceeded."""
    position = text.find("%")
    while position >= 0:
        match = _CONVERSION.match(text, _end_of_key(text, position + 1))
        assert match is not None
        yield sum(_width(part) for part in match.groups() if part)
        position = text.find("%", match.end() + 1)


def _end_of_key(text: str, start: int) -> int:
    """The offset after a `(key)`, in which brackets may nest."""
    if text[start : start + 1] != "(":
        return start
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if not depth:
            return position + 1
    return len(text)


def _width(written: str) -> int:
    if written == "*" or len(written) > 9 or int(written) >= MAX_ARGUMENT:
        raise LimitExceeded("a width of `format` over 999")
    return int(written)


# Jinja's environment, which applies filters and tests, and charges for each call before it.
#
# Imported for templates that use some: it imports most of Jinja, which costs a third of the first
# rendering.


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The one environment: strict, sandboxed, deterministic, without globals or loader."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, cache_size=0)
        self.globals.clear()
        self.filters = allowed_filters()
        # The filters that receive only the value and the arguments.
        self._plain_filters = {
            name: apply for name, apply in self.filters.items() if _PassArg.from_obj(apply) is None
        }
        self.tests.clear()
        self.tests.update(allowed_tests())

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Attributes are keys: the context is JSON data, whose methods must not be reachable."""
        return lookup(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Like `getattr`; filters such as `map(attribute=…)` use it."""
        return lookup(obj, argument)

    def call_filter(  # noqa: PLR0917 -- Jinja's signature
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        context: Any = None,
        eval_ctx: Any = None,
    ) -> Any:
        """Apply a filter, and charge for it; `map` and similar filters use it for each item."""
        meter, args, kwargs = context.meter, args or (), kwargs or {}
        value = _admitted(name, value, args, kwargs, meter)
        apply = self._plain_filters.get(name)
        if apply is None:
            result = super().call_filter(name, value, args, kwargs, context, eval_ctx)
        else:
            result = apply(value, *args, **kwargs)
        return meter.sized(result)

    def call_test(  # noqa: PLR0917 -- Jinja's signature
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        context: Any = None,
        eval_ctx: Any = None,
    ) -> Any:
        """Apply a test, and charge for it; `select` and similar filters use it for each item."""
        args, kwargs = _tested(name, value, args or (), kwargs or {}, context.meter)
        return super().call_test(name, value, args, kwargs, context, eval_ctx)


class MeteredContext(Context):
    """The context that Jinja passes to filters; it has only the meter of the run."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(ENVIRONMENT, {}, None, {})
        self.meter = meter


ENVIRONMENT = TemplateEnvironment()


# The cost of a call
#
# The value and the arguments are charged for before the call, because it can't be interrupted.

Arguments = Sequence[Any]
Named = Mapping[str, Any]

# In units of work.
_FILTER_COST = 10
_TEST_COST = 8
_INDENTED_COST = 3
_LOOKUP_COST = 6

# They do not inspect the content of a value, so it is neither charged for nor checked.
_IGNORE_CONTENT = frozenset(
    str.split(
        "batch count d default first items last length list map reject rejectattr reverse select"
        " selectattr slice"
    )
)
_LIST_ITERATORS = frozenset(str.split("groupby join max min sort sum unique"))
# They iterate over the items of a value; the items of a string are its characters.
_COST_PER_ITEM = {
    **dict.fromkeys(str.split("batch items list reverse slice"), ITEM_COST),
    **dict.fromkeys(str.split("map reject rejectattr select selectattr"), 3),
    **dict.fromkeys(str.split("join sum"), 2),
    **dict.fromkeys(str.split("max min"), 4),
    **dict.fromkeys(str.split("groupby sort unique"), 8),
    "dictsort": 6,
}
_SORTING = frozenset(("dictsort", "groupby", "sort"))
# In addition to reading a character.
_COST_PER_CHARACTER = {
    **dict.fromkeys(str.split("filesizeformat float format indent int striptags wordcount"), 1),
    **dict.fromkeys(str.split("parse_json title urlencode wordwrap"), 2),
}
# The index of the argument that is a path of keys, such as `address.city`.
_KEY_PATH_AT = {
    "groupby": 0, "join": 1, "max": 1, "min": 1, "rejectattr": 0, "selectattr": 0, "sort": 2,
    "sum": 0, "unique": 1,
}  # fmt: skip
_COMPARING_TESTS = frozenset(
    str.split("== != > >= < <= eq equalto ge greaterthan gt in le lessthan lt ne")
)
_REMAINDERS = frozenset(("divisibleby", "even", "odd"))


def _admitted(name: Any, value: Any, args: Arguments, named: Named, meter: Meter) -> Any:
    """The value that a filter receives: charged for, and never printed as an address.

    Raises LimitExceeded.
    """
    _refuse_name(name)
    if type(value) is str and name not in _COST_PER_ITEM and name not in _IGNORE_CONTENT:
        _charge_for_string(name, value, args, named, meter)
        return value
    meter.charge(_FILTER_COST)
    if is_opaque(value) and name not in ("default", "d"):
        raise LimitExceeded(f"`{name}` of a value that is not data")
    if name in ("batch", "slice"):
        meter.charge(sum(map(_requested_items, (*args, *named.values()))))
    value = _with_items_charged(name, value, _cost_of_an_item(name, args, named, meter), meter)
    if name in _IGNORE_CONTENT:
        return value
    before = meter.left
    chars = weigh(value, meter)
    if name in _SORTING:
        meter.charge((before - meter.left) * length_of(value).bit_length() >> 2)
    if name in ("json", "tojson") and (args or named):
        meter.charge(_INDENTED_COST * (before - meter.left))
    _charge_for_characters(name, chars, args, named, meter)
    _charge_for_default(name, length_of(value), args, named, meter)
    return value


def _charge_for_string(name: str, value: str, args: Arguments, named: Named, meter: Meter) -> None:
    """Like the general case, for strings, which most filters receive."""
    meter.charge(_FILTER_COST)
    _charge_for_characters(name, weigh(value, meter), args, named, meter)


def _charge_for_characters(
    name: str, chars: int, args: Arguments, named: Named, meter: Meter
) -> None:
    for other in args:
        chars += weigh(other, meter)
    for other in named.values():
        chars += weigh(other, meter)
    if name in _COST_PER_CHARACTER:
        meter.charge(_COST_PER_CHARACTER[name] * chars)


def _tested(
    name: Any, value: Any, args: Arguments, named: Named, meter: Meter
) -> tuple[Arguments, Named]:
    """The arguments of a test, charged for; raises LimitExceeded."""
    _refuse_name(name)
    meter.charge(_TEST_COST)
    if name in ("lower", "upper"):
        weigh(value, meter)
    if name in _REMAINDERS:
        weigh(value, meter)
        meter.charge(length_of(value))
    elif name not in _COMPARING_TESTS:
        return args, named
    weigh_for_comparing(value, meter)
    weighed = [_weighed(argument, meter) for argument in args]
    return weighed, {key: _weighed(argument, meter) for key, argument in named.items()}


def _metered(items: Iterator[Any], cost: int, meter: Meter) -> Iterator[Any]:
    """The items of an iterator, each charged for when it is consumed."""
    for item in items:
        meter.charge(cost)
        yield item


def _refuse_name(name: Any) -> None:
    # `map` and similar filters receive names as values; hashing anything but a string may visit
    # all of its content.
    if type(name) is not str:
        raise LimitExceeded("the name of a filter or a test is a string")


def _weighed(value: Any, meter: Meter) -> Any:
    if hasattr(value, "__next__"):
        return weighed_items(value, meter)
    weigh_for_comparing(value, meter)
    return value


def _with_items_charged(name: str, value: Any, cost: int, meter: Meter) -> Any:
    if hasattr(value, "__next__"):
        if name in _LIST_ITERATORS:
            return meter.sized(_listed(_metered(value, cost, meter)))
        if name not in _IGNORE_CONTENT:
            raise LimitExceeded(f"`{name}` of an unfinished sequence; put `|list` before it")
        return _metered(value, cost, meter) if cost else value
    if cost and not (name == "reverse" and isinstance(value, str)):
        if isinstance(value, str):
            refuse_many(len(value))
        meter.charge(length_of(value) * cost)
    return value


def _listed(items: Iterator[Any]) -> list[Any]:
    listed: list[Any] = []
    for item in items:
        listed.append(item)
        refuse_many(len(listed))
    return listed


def _cost_of_an_item(name: str, args: Arguments, named: Named, meter: Meter) -> int:
    cost = _COST_PER_ITEM.get(name, 0)
    path = _key_path(name, args, named) if cost else None
    if path is None:
        return cost
    if isinstance(path, str):
        if len(path) > MAX_ARGUMENT:
            raise LimitExceeded(f"an argument of `{name}` over {MAX_ARGUMENT:,}")
        meter.charge(len(path))
        steps = 1 + path.count(".") + path.count(",")
        return cost + _LOOKUP_COST * steps
    weigh_for_comparing(path, meter)
    return cost + _LOOKUP_COST


def _key_path(name: str, args: Arguments, named: Named) -> Any:
    at = _KEY_PATH_AT.get(name, len(args))
    return args[at] if at < len(args) else named.get("attribute")


def _requested_items(number: Any) -> int:
    """The number of items that a size requests; the filter rejects larger ones."""
    return min(abs(number), MAX_ARGUMENT) if isinstance(number, int) else 0


def _charge_for_default(name: str, items: int, args: Arguments, named: Named, meter: Meter) -> None:
    """`groupby` copies its default for each item, in lower case."""
    if name == "groupby":
        default = args[1] if len(args) > 1 else named.get("default")
        meter.charge(items * (length_of(default) >> 3))
