"""Texts of Langfuse that contain others are included, each by a path of its own."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest

from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceMessage,
    TagPart,
    TextContent,
    TextPart,
)
from promptops.formats.readers import langfuse
from promptops.formats.readers.langfuse import LangfuseRows
from promptops.formats.source_file import ReadOptions, SourceFile, SourceFolder

FIRST, SECOND = "partials/prompt.md.j2", "partials/prompt-2.md.j2"


def row(name: str, prompt: str, **others: Any) -> dict[str, Any]:
    return {"name": name, "type": "text", "labels": ["production"], "prompt": prompt, **others}


def reference(name: str) -> str:
    return f"@@@langfusePrompt:name={name}|label=production@@@"


def first(rows: list[dict[str, Any]], folder: Any) -> SourceDocument:
    """The first prompt of a file with some rows."""
    file = SourceFile(SourceFolder(folder, "", alone=True), "a.json", json.dumps(rows).encode())
    found = next(langfuse.documents(file, ReadOptions()))
    assert isinstance(found, SourceDocument)
    return found


def refusals(document: SourceDocument) -> list[Loss]:
    return [loss for loss in document.losses if loss.refuses]


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (("语气", "格式"), (FIRST, SECOND)),
        (("a/b", "a-b"), ("partials/a-b.md.j2", "partials/a-b-2.md.j2")),
        (("语气", "prompt-2", "格式"), (FIRST, SECOND, "partials/prompt-3.md.j2")),
        (("语气", "语气"), (FIRST, FIRST)),
    ],
)
def test_texts_whose_names_become_equal_are_partials_of_their_own(names, paths, tmp_path):
    texts = [row(name, f"The text of {name}.") for name in dict.fromkeys(names)]
    together = "".join(map(reference, names))

    found = first([row("all", together), *texts], tmp_path)

    message = found.messages[0]
    assert isinstance(message, SourceMessage)
    assert isinstance(message.content[0], TextContent)
    tags = [one.source for one in message.content[0].parts if isinstance(one, TagPart)]
    assert tags == [f'include "{path}"' for path in paths]
    assert found.partials == {
        path: (TextPart(f"The text of {name}."),) for name, path in zip(names, paths, strict=True)
    }


def test_a_text_that_contains_itself_is_refused_as_a_cycle(tmp_path):
    rows = [row("a", reference("b")), row("b", reference("c")), row("c", reference("b"))]

    (loss,) = refusals(first(rows, tmp_path))

    given = "name=b|label=production"
    assert (loss.message, loss.hint) == (
        f"the text contains `{given}`, which contains it again",
        "remove one of the references",
    )


def test_only_prompts_that_are_nested_too_deep_are_refused(tmp_path):
    rows = [row(f"n{level}", reference(f"n{level + 1}")) for level in range(11)]
    rows.append(row("n11", "The end."))

    (loss,) = refusals(first(rows, tmp_path))

    assert (loss.message, loss.hint) == (
        "prompts are nested more than 10 levels deep",
        "write a text in place of the reference to it",
    )
    assert refusals(first(rows[1:], tmp_path)) == []


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("name=a", 1),
        ("name=a|label=latest", 2),
        ("name=a|version=1", 0),
        (" name = a | version = 2 ", 1),
        ("name=a|version=4", None),
        ("name=a|label=other", None),
        ("name=chat", None),
        ("version=1", None),
        ("", None),
    ],
)
def test_a_reference_means_a_text_by_its_version_or_its_label(written, found):
    rows = [
        ("/0", row("a", "One.", version=1, labels=[])),
        ("/1", row("a", "Two.", version=2)),
        ("/2", row("a", "Three.", version=3, labels=["latest", 7])),
        ("/3", row("a", "A copy of two.", version=2)),
        ("/4", {"name": "chat", "labels": ["production"], "prompt": []}),
    ]

    meant = LangfuseRows(rows).meant(written)

    assert meant == (None if found is None else rows[found])


def test_a_file_with_many_prompts_that_contain_others_takes_bounded_time(tmp_path):
    """A limit that quadratic behaviour exceeds."""
    rows = [row(f"n{number}", reference(f"n{number ^ 1}")) for number in range(3_000)]
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.json", json.dumps(rows).encode())
    began = process_time()

    found = list(langfuse.documents(file, ReadOptions()))

    assert len(found) == 3_000
    assert process_time() - began < 6
