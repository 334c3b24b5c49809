"""Answers of models as text that is safe to print, also while they arrive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.model.answer import Answer
from promptops.patterns import lazy_pattern
from promptops.report.visible import escaped, visible_characters, visible_line

_UNDECIDED = lazy_pattern(r"(?:\r|##\w{0,30}|#\w{0,30})\Z")
_BEGINS_LINE = lazy_pattern(r"[^\S\n]*:?\r?\Z")
_COMMAND = lazy_pattern(r"(?m)^([^\S\n]*):(?=:)")
_EMOJI = lazy_pattern("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_JOINERS = "\ufe0f\u200d"


class VisibleStream:
    """The pieces of one text, each made visible."""

    def __init__(self) -> None:
        self._waiting = ""
        self._last = "\n"

    @property
    def at_line_start(self) -> bool:
        """Whether the text so far ends a line, or is empty."""
        return self._last == "\n"

    def add(self, piece: str) -> str:
        """The part of the text that can be printed now."""
        text = self._waiting + piece
        end = self._decided(text)
        self._waiting = text[end:]
        return self._visible(text[:end])

    def end(self) -> str:
        """The rest of the text."""
        text, self._waiting = self._waiting, ""
        return self._visible(text)

    def _decided(self, text: str) -> int:
        """How many characters can be printed, whatever follows."""
        line = text.rfind("\n") + 1
        if (line or self.at_line_start) and _BEGINS_LINE.match(text, line):
            return line
        undecided = _UNDECIDED.search(text)
        return undecided.start() if undecided else len(text)

    def _visible(self, text: str) -> str:
        if not text:
            return ""
        before, text = self._last, text.replace("\r\n", "\n")
        self._last = text[-1]
        shown = visible_characters(text)
        for index, char in enumerate(text):
            previous = text[index - 1] if index else before
            if char in "\n\t" or (char in _JOINERS and _EMOJI.match(previous)):
                shown[index] = char
        for command in _COMMAND.finditer(text if before == "\n" else f"-{text}"):
            shown[command.end() - 1 - (before != "\n")] = escaped(":")
        return "".join(shown)


def visible_text(text: str) -> str:
    """A whole text of a model, safe to print."""
    stream = VisibleStream()
    return stream.add(text) + stream.end()


# The answer of a model as lines that are safe to print.


def printed_answer(answer: Answer) -> Iterator[str]:
    """The text of an answer, then its tool calls."""
    if answer.text:
        yield from visible_text(answer.text).removesuffix("\n").split("\n")
    yield from call_lines(answer.tool_calls)


def call_lines(calls: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Each tool call as `[call NAME ARGUMENTS]`."""
    for call in calls:
        arguments = json.dumps(call.get("arguments"), ensure_ascii=False)
        yield visible_line(f"[call {call.get('name')} {arguments}]")
