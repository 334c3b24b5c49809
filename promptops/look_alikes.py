"""Names of characters, and letters of other scripts that have the shape of a Latin letter."""

from __future__ import annotations

_CYRILLIC = (
    "aceijopsxyABCEHKMOPTX",
    "\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0445\u0443"
    "\u0410\u0412\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425",
)
_OTHERS = (
    "IJSoABEZHIKMNOPTYX",
    "\u0406\u0408\u0405"
    "\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
)

CYRILLIC = str.maketrans(*_CYRILLIC)
"""From a Latin letter to the Cyrillic letter of the same shape, which probes send."""

LATIN = str.maketrans(_CYRILLIC[1] + _OTHERS[1], _CYRILLIC[0] + _OTHERS[0])
"""From a Cyrillic or Greek letter to the Latin letter of the same shape."""


_NAMES = {"\x85": "NEXT LINE", "\ufeff": "BYTE ORDER MARK"}


def named(char: str) -> str:
    """The code point and the name of a character, such as `U+0441 CYRILLIC SMALL LETTER ES`."""
    import unicodedata

    name = _NAMES.get(char) or unicodedata.name(char, "UNASSIGNED")
    return f"U+{ord(char):04X} {name}"


def first_look_alike(word: str, meant: str) -> str | None:
    """The first letter that is not Latin in one of two different names that look the same.

    None if they do not look the same.
    """
    if word == meant or word.translate(LATIN) != meant.translate(LATIN):
        return None
    pairs = zip(word, meant, strict=True)
    return next(max(char, other) for char, other in pairs if char != other)
