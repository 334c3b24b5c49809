"""Makes untrusted text safe to print.

Control, bidirectional and invisible characters become escapes such as `\\u202e`. So do commands
to CI logs.
"""

from __future__ import annotations

from promptops.patterns import lazy_pattern

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}

# Python calls these printable, but they are invisible: fillers, blanks, variation selectors.
_UNSEEN = lazy_pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)

# GitHub (`##[error]`), Azure (`##vso[...]`) and TeamCity run these anywhere in a log line.
_LOG_COMMAND = lazy_pattern(r"(?<=#)#(?=\w{0,30}\[)")


def visible(text: str, limit: int = 2000) -> str:
    """The text on one line, special characters escaped, cut after `limit` of its characters."""
    if len(text) > limit:
        return visible(text[:limit], limit) + f"… ({len(text) - limit} more characters)"
    if text.isascii() and text.isprintable() and "##" not in text:
        return text
    return "".join(visible_characters(text))


def visible_path(path: str) -> str:
    """A path safe at the start of a line: `::error::` would be a command to GitHub's log."""
    shown = visible(path)
    return f"./{shown}" if shown.lstrip().startswith("::") else shown


def visible_line(line: str) -> str:
    """A line of any length that is safe to print and not a command to a log."""
    shown = visible(line, len(line))
    if not shown.lstrip().startswith("::"):
        return shown
    return shown.replace(":", escaped(":"), 1)


def visible_characters(text: str) -> list[str]:
    """The printable form of each character of a text."""
    shown = [
        char if char.isprintable() and not _UNSEEN.match(char) else escaped(char) for char in text
    ]
    for command in _LOG_COMMAND.finditer(text):
        shown[command.start()] = escaped("#")
    return shown


def escaped(char: str) -> str:
    """A character as `\\t`, `\\x1b`, `\\u202e` or `\\U000e0041`."""
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
