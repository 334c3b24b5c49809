"""Jinja's environment, which applies filters and tests, and charges for each call before it.

Imported for templates that use some: it imports most of Jinja, which costs a third of the first
rendering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import _PassArg

from promptops.runtime.template.filters import allowed_filters, allowed_tests
from promptops.runtime.template.limits import (
    MAX_ARGUMENT,
    LimitExceeded,
    Meter,
    length_of,
    refuse_many,
)
from promptops.runtime.template.values import (
    ITEM_COST,
    is_opaque,
    lookup,
    weigh,
    weigh_for_comparing,
    weighed_items,
)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The one environment: strict, sandboxed, deterministic, without globals or loader."""

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            cache_size=0,
        )
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
