"""The schema of inputs that templates imply, and the declared one where it defines more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from promptops.analysis.uses import Step, Use
from promptops.records import field, record

_LENGTH = frozenset(("length", "count"))
_ENCODING = frozenset(("json", "tojson"))
_OF_MAPPINGS = frozenset(("items", "dictsort"))
_OF_LISTS = frozenset(
    ("join", "first", "last", "sort", "unique", "map", "select", "reject", "selectattr", "batch")
)
_OF_NUMBERS = frozenset(("round", "abs", "int", "float"))
_TEXT = ["string", "number"]
_ASKED = ["boolean", "string", "number"]


@record(slots=True)
class Shape:
    """What templates do with a value.

    Attributes:
        printed: It is rendered, or passed to a filter, a test or a call.
        tested: A condition depends on it.
        looped: It is iterated.
        mapped: Its keys and values are iterated.
        listed: A filter for lists is applied.
        counted: Only its length is read.
        number: A filter for numbers is applied.
        encoded: It is written as JSON.
        unguarded: It is read where nothing tests that it is defined.
        keys: By name, of a mapping.
        item: Of an element of a list, or of a value of a mapping.
    """

    printed: bool = False
    tested: bool = False
    looped: bool = False
    mapped: bool = False
    listed: bool = False
    counted: bool = False
    number: bool = False
    encoded: bool = False
    unguarded: bool = False
    keys: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None

    @property
    def is_list(self) -> bool:
        """Whether it can only be a list."""
        return not self.mapped and (self.looped or self.listed or self.item is not None)

    @property
    def optional(self) -> bool:
        """Whether the templates allow for a value that is empty or missing."""
        return self.tested or self.looped or not self.unguarded

    def below(self, step: Step) -> Shape:
        """The shape of one step, created if it is new."""
        if isinstance(step, str):
            return self.keys.setdefault(step, Shape())
        if self.item is None:
            self.item = Shape()
        return self.item


def shapes(uses: Iterable[Use]) -> dict[str, Shape]:
    """The shape of each input that the uses read, in the order of their first read."""
    found: dict[str, Shape] = {}
    for use in uses:
        shape = found.setdefault(use.name, Shape())
        for index, step in enumerate(use.path):
            shape.unguarded |= use.guards[index] == "none"
            shape = shape.below(step)
        _note(shape, use)
    return found


def schema_of(shape: Shape, sample: Any = None) -> dict[str, Any]:
    """A schema that admits what the templates can render; `sample` decides where they do not.

    Optional values have a default that renders what a lenient engine renders for a missing one;
    those that templates read only after a test, or with a default of their own, have none.
    """
    schema = _typed(shape, sample)
    if shape.optional and shape.unguarded:
        schema["default"] = empty_value(schema)
    return schema


def required_of(found: Mapping[str, Shape]) -> list[str]:
    """The names that are printed and that no condition or loop allows to be missing."""
    return [name for name, shape in found.items() if not shape.optional]


def _note(shape: Shape, use: Use) -> None:
    filters = frozenset(use.filters)
    shape.tested |= use.role == "test"
    shape.mapped |= bool(filters & _OF_MAPPINGS)
    shape.looped |= use.role == "loop"
    shape.listed |= bool(filters & _OF_LISTS)
    shape.number |= bool(filters & _OF_NUMBERS)
    shape.counted |= bool(filters & _LENGTH)
    shape.encoded |= bool(filters & _ENCODING)
    shape.printed |= use.role in ("output", "filtered", "argument", "other")
    shape.unguarded |= use.guard == "none" and use.role != "alias"


def _typed(shape: Shape, sample: Any) -> dict[str, Any]:
    if shape.keys and not shape.is_list:
        return _object(shape, sample)
    if shape.mapped:
        return {"type": "object", **_values(shape, sample)}
    if shape.counted and not shape.is_list and sample is None:
        return {"type": ["array", "object", "string"]}
    if shape.is_list or (shape.counted and isinstance(sample, list)):
        return {"type": "array", **_items(shape, sample)}
    return sampled(sample) if sample is not None else _scalar(shape)


def _scalar(shape: Shape) -> dict[str, Any]:
    if shape.encoded:
        return {}
    if shape.number:
        return {"type": "number"}
    return {"type": list(_TEXT if shape.printed else _ASKED)}


def _object(shape: Shape, sample: Any) -> dict[str, Any]:
    given = sample if isinstance(sample, Mapping) else {}
    properties = {name: schema_of(below, given.get(name)) for name, below in shape.keys.items()}
    required = required_of(shape.keys)
    schema: dict[str, Any] = {"type": ["object", "null"] if shape.tested else "object"}
    if required:
        schema["required"] = required
    return {**schema, "properties": properties}


def _items(shape: Shape, sample: Any) -> dict[str, Any]:
    given = sample if isinstance(sample, Sequence) and not isinstance(sample, str) else ()
    if shape.item is None and not given:
        return {}
    example = next(iter(given), None)
    item = shape.item or Shape(printed=True)
    schema = _typed(item, example)
    return {"items": schema}


def _values(shape: Shape, sample: Any) -> dict[str, Any]:
    given = sample if isinstance(sample, Mapping) else {}
    if shape.item is None:
        return {}
    return {"additionalProperties": _typed(shape.item, next(iter(given.values()), None))}


def empty_value(schema: Mapping[str, Any]) -> Any:
    """The value of a type that is false, and that a lenient engine renders for a missing one."""
    kind = schema.get("type")
    if isinstance(kind, list):
        if "object" in kind and "null" in kind:
            return None
        kind = next((one for one in kind if one != "null"), None)
    empty = {"object": {}, "array": [], "boolean": False, "number": 0, "integer": 0}
    return empty.get(str(kind), "")


def sampled(sample: Any) -> dict[str, Any]:
    """A schema of values like an example."""
    if isinstance(sample, bool):
        return {"type": "boolean"}
    if isinstance(sample, int | float):
        return {"type": "number"}
    if isinstance(sample, str):
        return {"type": "string"}
    if isinstance(sample, Mapping):
        return {"type": "object"}
    if isinstance(sample, Sequence):
        return {"type": "array", **({"items": sampled(sample[0])} if sample else {})}
    return {}
