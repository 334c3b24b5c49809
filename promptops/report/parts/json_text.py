"""Writes JSON that every parser accepts and every log can show."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from promptops.patterns import lazy_pattern

_BEYOND_ASCII = lazy_pattern("[^\x00-\x7e]")


def json_text(value: Any, indent: int | None = 2) -> str:
    """A value as JSON in ASCII, with a newline at the end.

    A lone surrogate, which strict parsers refuse even as an escape, becomes the six characters of
    its escape.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    text = _BEYOND_ASCII.sub(lambda found: _escape(found[0]), text)
    # The logs of GitHub and Azure run `##[error]` and `##vso[...]` in a line as commands. Outside
    # of strings, JSON contains no `#`.
    return text.replace("##", "#\\u0023") + "\n"


def _escape(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return f"\\\\u{code:04x}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


_DEEPEST = 200
TOO_DEEP = "… (nested too deeply)"


def json_data(value: Any, room: int = _DEEPEST) -> Any:
    """The same value as JSON data; unknown types (a date, infinity) become strings.

    Deeper levels become `TOO_DEEP`, because Python's JSON writer is recursive.
    """
    if isinstance(value, Mapping | list | tuple) and not room:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key): json_data(item, room - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_data(item, room - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
