"""Requests at a mark in a text, as an editor sends them for its cursor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.completion import completion
from promptops.commands.lsp.documents import OpenFile, split_lines
from promptops.commands.lsp.hovers import hover
from tests.commands.lsp.opened_files import about, opened

MARK = "¦"


@contextmanager
def typed(live: Live, path: str, marked: str) -> Iterator[tuple[OpenFile, types.Position]]:
    """The open file with an unsaved text, and the position of the mark in it."""
    file = opened(live, path, marked.replace(MARK, ""))
    try:
        yield file, position_of(marked)
    finally:
        live.put(path, None)


def position_of(marked: str) -> types.Position:
    """The position of the mark, in characters."""
    before = split_lines(marked.partition(MARK)[0])
    return types.Position(line=len(before) - 1, character=len(before[-1]))


def completed(live: Live, path: str, marked: str) -> list[types.CompletionItem]:
    """What completion offers at the mark, in the order in which editors show it."""
    with typed(live, path, marked) as (file, position):
        return completed_at(file, position)


def completed_list(live: Live, path: str, marked: str) -> types.CompletionList:
    """The answer to completion at the mark."""
    with typed(live, path, marked) as (file, position):
        return _answer(file, position)


def completed_at(file: OpenFile, position: types.Position) -> list[types.CompletionItem]:
    return sorted(_answer(file, position).items, key=lambda item: item.sort_text or "")


def _answer(file: OpenFile, position: types.Position) -> types.CompletionList:
    return completion(file, types.CompletionParams(text_document=about(file), position=position))


def labels(live: Live, path: str, marked: str) -> list[str]:
    return [item.label for item in completed(live, path, marked)]


def accepted(live: Live, path: str, marked: str, label: str) -> str:
    """The line of the mark after an offer is accepted, with the mark at its end."""
    return line_after(completed(live, path, marked), marked, label)


def line_after(offered: list[types.CompletionItem], marked: str, label: str) -> str:
    """As `accepted`, of these offers."""
    (item,) = (item for item in offered if item.label == label)
    assert isinstance(item.text_edit, types.TextEdit)
    line = marked.replace(MARK, "").split("\n")[item.text_edit.range.start.line]
    start, end = item.text_edit.range.start.character, item.text_edit.range.end.character
    return f"{line[:start]}{item.text_edit.new_text}{MARK}{line[end:]}"


def hovered(live: Live, path: str, marked: str) -> str:
    """What hovering at the mark shows, or ""."""
    with typed(live, path, marked) as (file, position):
        return hovered_at(file, position)


def hovered_at(file: OpenFile, position: types.Position) -> str:
    found = hover(file, types.HoverParams(text_document=about(file), position=position))
    if found is None:
        return ""
    assert isinstance(found.contents, types.MarkupContent)
    return found.contents.value
