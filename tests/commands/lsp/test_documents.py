"""Texts in the editor, and the places in them."""

from __future__ import annotations

import pytest
from lsprotocol import types

from promptops.commands.lsp.documents import (
    Document,
    Documents,
    Encoding,
    preferred_encodings,
    split_lines,
)
from tests.commands.lsp.opened_files import UTF_8, UTF_16, UTF_32

URI = "file:///r/prompts/a.prompt.yaml"
LINE = "a😀é\u2028b"


@pytest.mark.parametrize(
    ("encoding", "characters"),
    [(UTF_32, [0, 1, 2, 3, 4, 5]), (UTF_16, [0, 1, 3, 4, 5, 6]), (UTF_8, [0, 1, 5, 7, 10, 11])],
)
def test_columns_are_counted_in_the_units_of_the_editor(
    encoding: Encoding, characters: list[int]
) -> None:
    columns = range(1, 7)

    assert [encoding.character(LINE, column) for column in columns] == characters
    assert [encoding.column(LINE, character) for character in characters] == [*columns]
    assert (encoding.column(LINE, 99), encoding.character(LINE, 99)) == (6, characters[-1])


def test_a_position_after_the_text_is_its_end() -> None:
    lines = split_lines("one\r\ntwo\rthree\n")

    assert lines == ("one", "two", "three", "")
    assert UTF_16.cursor(lines, types.Position(line=9, character=3)) == (4, 1)
    assert UTF_16.position(lines, 9, 3) == types.Position(line=3, character=0)


def test_the_editor_counts_characters_if_it_can() -> None:
    assert preferred_encodings(["utf-16", "utf-8", "utf-32"]) == ["utf-32", "utf-16", "utf-8"]
    assert preferred_encodings(["utf-16"]) == ["utf-16"]


def changed(documents: Documents, version: int, *changes: object) -> Document | None:
    identifier = types.VersionedTextDocumentIdentifier(uri=URI, version=version)
    params = types.DidChangeTextDocumentParams(text_document=identifier, content_changes=changes)
    return documents.changed(params, UTF_16)


def part(start: tuple[int, int], end: tuple[int, int], text: str) -> object:
    first = types.Position(line=start[0], character=start[1])
    last = types.Position(line=end[0], character=end[1])
    place = types.Range(start=first, end=last)
    return types.TextDocumentContentChangePartial(range=place, text=text)


@pytest.fixture
def documents() -> Documents:
    found = Documents()
    item = types.TextDocumentItem(
        uri=URI, language_id="yaml", version=3, text="a: \u2028😀b\r\nc: d\r\n"
    )
    found.opened(item, "")
    return found


def test_changes_are_applied_in_the_order_of_the_editor(documents: Documents) -> None:
    found = changed(documents, 5, part((0, 6), (0, 7), "x"), part((1, 3), (9, 9), "e\r\nf"))

    assert found == Document(uri=URI, text="a: \u2028😀x\r\nc: e\r\nf", version=5)
    assert documents.find(URI) == found


def test_half_of_a_character_is_replaced(documents: Documents) -> None:
    found = changed(documents, 4, part((0, 0), (0, 0), "\ud83d"))

    assert found is not None
    assert found.text.startswith("\ufffda: ")


@pytest.mark.parametrize("version", [3, 2])
def test_a_change_of_an_old_text_is_refused_until_the_editor_sends_all(
    documents: Documents, version: int
) -> None:
    refused = changed(documents, version, part((0, 0), (0, 1), "b"))
    later = changed(documents, 9, part((0, 0), (0, 1), "b"))

    assert refused == Document(uri=URI, text="a: \u2028😀b\r\nc: d\r\n", version=3, in_step=False)
    assert later is not None
    assert (later.text, later.in_step) == (refused.text, False)
    whole = changed(documents, 10, types.TextDocumentContentChangeWholeDocument(text="e"))
    assert whole == Document(uri=URI, text="e", version=10)


def test_a_saved_text_brings_a_document_back_into_step(documents: Documents) -> None:
    changed(documents, 2, part((0, 0), (0, 1), "b"))

    assert documents.replaced(URI, "b: c\n") == Document(uri=URI, text="b: c\n", version=3)
    assert documents.closed(URI) is not None
    assert (documents.find(URI), documents.replaced(URI, "x"), documents.closed(URI)) == (None,) * 3
