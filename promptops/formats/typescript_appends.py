"""Lists in TypeScript and JavaScript that begin without messages, and get them by `push`."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.formats.prompts_in_code import FEWEST_WORDS_SENT
from promptops.formats.typescript_scanner import after_blanks, literal, skipped
from promptops.formats.typescript_values import (
    ListValue,
    ObjectValue,
    OtherValue,
    TextValue,
    TypescriptValues,
    Value,
)
from promptops.patterns import lazy_pattern

_TOKEN = lazy_pattern(r"[\"'`/]|[A-Za-z_$][\w$]*")
_TYPE = r"[^=;\"'`{}]{0,100}"
_BEGUN = lazy_pattern(
    rf"(?:\s{{0,20}}:{_TYPE}(?:\{{[^{{}}=]{{0,300}}\}}{_TYPE})?)?\s{{0,20}}=\s{{0,20}}(?=\[)"
)
_ADDED = lazy_pattern(r"\s*\.\s*(?:push|unshift)\s*\(\s*(?=\{)")
_LONGEST_LINE = 5_000
_METHODS = (".push", ".unshift")
_ROLES = ("system", "developer", "user")
_LONGEST_VALUE = 20_000
_MOST_UNREAD = 100


def appended_lists(source: str) -> Iterator[ListValue]:
    """The lists that code adds messages with texts to, each once, in the order of the file.

    None of minified code, which has long lines.
    """
    adds = any(method in source for method in _METHODS)
    if adds and max(map(len, source.split("\n"))) <= _LONGEST_LINE:
        yield from sorted(_Appends(source).lists(), key=lambda found: found.start)


class _Appends:
    """One file, from its beginning to its end."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._begun: dict[str, ListValue] = {}
        self._at = 0
        self._unread = 0

    def lists(self) -> Iterator[ListValue]:
        """The lists, as their first message is added.

        Stops at a template literal that is never closed, and after `_MOST_UNREAD` values that
        can't be read.
        """
        while (match := _TOKEN.search(self._source, self._at)) is not None:
            if self._unread > _MOST_UNREAD:
                return
            self._at = match.start()
            if match[0] == "`":
                self._at, _ = literal(self._source, self._at)
                if self._at < 0:
                    return
            elif match[0] in "\"'/":
                self._at = skipped(self._source, self._at)
            else:
                self._at = match.end()
                yield from self._word(match[0])

    def _word(self, name: str) -> Iterator[ListValue]:
        begun = _BEGUN.match(self._source, self._at)
        added = _ADDED.match(self._source, self._at) if name in self._begun else None
        if begun is not None:
            self._begin(name, after_blanks(self._source, begun.end()))
        elif added is not None and self._is_message(added.end()):
            yield self._begun.pop(name)

    def _begin(self, name: str, at: int) -> None:
        value = self._read(at)
        self._begun.pop(name, None)
        if isinstance(value, ListValue) and not _has_objects(value):
            start, end = at + value.start, at + value.end
            self._begun[name] = ListValue(start=start, end=end, items=())

    def _read(self, at: int) -> Value:
        """The value that begins within some characters; its offsets count from `at`.

        The scanner goes on after it.
        """
        value = TypescriptValues(self._source[at : at + _LONGEST_VALUE]).value(0)
        self._unread += isinstance(value, OtherValue)
        self._at = max(self._at, at + value.end)
        return value

    def _is_message(self, at: int) -> bool:
        """Whether an object is a message with words of its own."""
        value = self._read(at)
        fields = dict(value.fields) if isinstance(value, ObjectValue) else {}
        role, content = fields.get("role"), fields.get("content")
        if not isinstance(role, TextValue) or not isinstance(content, TextValue):
            return False
        words = " ".join(content.pieces[::2]).split()
        return role.pieces[0] in _ROLES and len(words) >= FEWEST_WORDS_SENT


def _has_objects(found: ListValue) -> bool:
    return any(isinstance(item, ObjectValue) for item in found.items)
