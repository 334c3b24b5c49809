"""Names for the types of template values, used in messages instead of Python's types."""

from __future__ import annotations

import re
from typing import Any

_KINDS = {
    "str": "a string",
    "Traced": "a string",
    "Markup": "a string",
    "int": "a number",
    "float": "a number",
    "complex": "a complex number",
    "bool": "a boolean",
    "NoneType": "null",
    "dict": "an object",
    "list": "a list",
    "tuple": "a list",
    "range": "a range",
    "_GroupTuple": "a group",
    "generator": "a generator",
    "dict_items": "a generator",
    "filter": "a generator",
    "list_reverseiterator": "a generator",
    "map": "a generator",
    "reversed": "a generator",
    "zip": "a generator",
    "Macro": "a macro",
    "LoopContext": "`loop`",
    "Namespace": "a namespace",
    "Module": "an imported template",
    "OwnBlocks": "`self`",
    "_Block": "a block",
    "function": "a function",
    "method": "a function",
    "type": "a function",
    "StrictUndefined": "an undefined value",
    "Undefined": "an undefined value",
}

# Python's messages about values of the wrong type, which name types that templates do not have.
_PYTHON = (
    (
        r"unsupported operand type\(s\) for (\S+)(?: or pow\(\))?: '(\w+)' and '(\w+)'",
        "`{0}` does not work on {1} and {2}",
    ),
    (
        r"'(\S+)' not supported between instances of '(\w+)' and '(\w+)'",
        "`{0}` does not work on {1} and {2}",
    ),
    (
        r"can only concatenate (\w+) \(not \"(\w+)\"\) to \w+",
        "`+` does not work on {0} and {1}",
    ),
    (r"can't multiply sequence by non-int of type '(\w+)'", "{0} can't be a count for `*`"),
    (r"bad operand type for unary (\S): '(\w+)'", "`{0}` does not work on {1}"),
    (r"bad operand type for (\w+)\(\): '(\w+)'", "`{0}` does not work on {1}"),
    (r"type (\w+) doesn't define __round__ method", "`round` does not work on {0}"),
    (r"'(\w+)' object is not iterable", "{0} has no items"),
    (r"argument of type '(\w+)' is not .*", "`in` does not work on {0}"),
    (
        r"'in <string>' requires string as left operand, not (\w+)",
        "`in` a string needs a string before it, not {0}",
    ),
    (r"object of type '(\w+)' has no len\(\)", "{0} has no length"),
    (r".*unhashable type: '(\w+)'.*", "{0} can't be a key"),
    (r"'(\w+)' object cannot be interpreted as an integer", "{0} is not a whole number"),
    (r"'(\w+)' object has no attribute '\w+'", "this filter does not work on {0}"),
    (r"'(\w+)' object is not (?:callable|subscriptable)", "{0} can't be used like this"),
    (r"cannot unpack non-iterable (\w+) object", "{0} has no items"),
    (r"float\(\) argument must be .*, not '(\w+)'", "{0} is not a number"),
    (r"[Oo]bject of type (\w+) is not JSON serializable", "{0} can't be written as JSON"),
    (r"\w+\.__call__\(\) missing .*", "`loop` needs a list to loop over"),
    (r"sequence item \d+: expected str instance, (\w+) found", "{0} is not a string"),
    (r"must be real number, not (\w+)", "{0} is not a number"),
    (r"No aggregated item, sequence was empty\.?", "an empty list has no `max` and no `min`"),
    (
        r"(?:integer|float) (?:modulo|division or modulo|divmod\(\))(?: by zero)?",
        "division by zero",
    ),
    (r"(?:integer|float) (?:floor )?division(?: or modulo)? by zero", "division by zero"),
)


def kind(value: Any) -> str:
    """The type of a value, with its article: `a string`, `an object`, `null`."""
    return _KINDS.get(type(value).__name__, "a value of another kind")


def this(value: Any) -> str:
    """The type of a value to which a message points: `this string`, `null`."""
    return re.sub(r"^an? ", "this ", kind(value))


def in_plain_words(message: str) -> str:
    """Python's message about a value, with the type names of this module."""
    for pattern, plain in _PYTHON:  # `re` caches the compiled patterns
        found = re.fullmatch(pattern, message)
        if found:
            return plain.format(*(_KINDS.get(word, word) for word in found.groups()))
    return message
