"""JSON that every parser accepts and every log can show."""

from __future__ import annotations

import json
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
    # `##[error]` and `##vso[...]` in a line are commands to the logs of GitHub and Azure. Outside
    # of its strings JSON has no `#`.
    return text.replace("##", "#\\u0023") + "\n"


def _escape(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return f"\\\\u{code:04x}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
