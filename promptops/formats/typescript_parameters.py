"""The parameters of functions in TypeScript and JavaScript that have a constant default."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.formats.typescript_values import TextValue, TypescriptValues
from promptops.patterns import lazy_pattern

_DEFAULT = lazy_pattern(
    r"([A-Za-z_$][\w$]*)(?:\s*:[^=,]{0,100})?\s*=\s*(?=[\"'`\d]|true\b|false\b)"
)
_PLAIN = lazy_pattern(r"-?\d{1,15}(?:\.\d{1,15})?(?![\w.])|true\b|false\b")


def defaults_of(parameters: str) -> Iterator[tuple[str, str | float | bool]]:
    """The names and values of defaults that are strings, numbers or booleans.

    Args:
        parameters: What is between the parentheses of a function.
    """
    for match in _DEFAULT.finditer(parameters):
        plain = _PLAIN.match(parameters, match.end())
        if plain is None:
            found = TypescriptValues(parameters).value(match.end())
            if isinstance(found, TextValue) and len(found.pieces) == 1:
                yield match[1], found.pieces[0]
        elif plain[0] in ("true", "false"):
            yield match[1], plain[0] == "true"
        else:
            yield match[1], float(plain[0]) if "." in plain[0] else int(plain[0])
