"""Code lenses, inlay hints and semantic tokens of an open prompt."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.commands import code_lenses
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.hovers import inlay_hints
from promptops.commands.lsp.structure import LEGEND, semantic_tokens
from promptops.records import replace
from tests.commands.lsp.answered_prompt import ASK, FILES, TONE
from tests.commands.lsp.opened_files import UTF_16, UTF_32, opened

EVERYTHING = types.Range(
    start=types.Position(line=0, character=0), end=types.Position(line=99, character=0)
)
OF_FILE: Any = None  # the parameters repeat the file, which is passed already


def lenses(file: OpenFile) -> list[tuple[int, str, str]]:
    return [
        (lens.range.start.line, lens.command.title, lens.command.command)
        for lens in code_lenses(file, OF_FILE)
        if lens.command is not None
    ]


def test_lenses_count_the_cases_and_the_users_and_offer_commands(live: Live) -> None:
    preview, run = "promptops.preview", "promptops.runCases"

    assert lenses(opened(live, ASK)) == [
        (0, "4 cases, 1 stale", ""),
        (0, "used by 1 prompt", ""),
        (16, "render", preview),
        (16, "run", run),
        (17, "render", preview),
        (17, "run (recorded)", "promptops.recorded"),
        (18, "render", preview),
        (18, "not recorded", ""),
    ]
    assert lenses(opened(live, TONE)) == [
        (0, "used by 2 prompts", ""),
        (0, "preview in ask", preview),
        (0, "preview in tell", preview),
    ]
    assert lenses(opened(live, "promptops.toml")) == []
    untrusted = replace(opened(live, ASK), trusted=False)
    assert {command for _, _, command in lenses(untrusted)} == {"", preview}


def test_a_changed_request_makes_cases_stale(live: Live) -> None:
    changed = opened(live, ASK, FILES[ASK].replace("Q: ", "Question: "))

    assert lenses(changed)[0] == (0, "4 cases, 2 stale", "")


def test_no_case_is_rendered_while_an_editor_types_that_refreshes_its_lenses(live: Live) -> None:
    def following(text: str) -> OpenFile:
        return replace(opened(live, ASK, text), refreshes_lenses=True)

    live.findings(ASK)
    question = FILES[ASK].replace("Q: ", "Question: ")
    changed = following(question)

    typing = lenses(changed)
    interrupted = live.check(ASK)
    next(interrupted)
    interrupted.close()
    pauses = list(live.check(ASK))
    rested = lenses(changed)
    broken = lenses(following(f"{question}  - ["))

    assert (typing[0], rested[0]) == ((0, "4 cases, 1 stale", ""), (0, "4 cases, 2 stale", ""))
    assert len(pauses) == 2 * (4 + 1) - 1  # after each case, and each of two prompts; it goes on
    assert broken == rested


def test_hints_show_the_tokens_of_each_message(live: Live) -> None:
    file = opened(live, ASK)
    params = types.InlayHintParams(text_document=OF_FILE, range=EVERYTHING)
    first = types.InlayHintParams(
        text_document=OF_FILE, range=types.Range(start=EVERYTHING.start, end=EVERYTHING.start)
    )

    hints = [(h.position.line, h.position.character, h.label) for h in inlay_hints(file, params)]

    assert hints == [(9, 16, "~11 tokens"), (14, 15, "~3 tokens")]
    assert inlay_hints(file, first) == []


def shown_tokens(file: OpenFile) -> list[tuple[str, str]]:
    """The text of each token, with its type."""
    numbers = semantic_tokens(file, OF_FILE).data
    lines = file.text.split("\n")
    line = start = 0
    found = []
    for at in range(0, len(numbers), 5):
        down, right, length, kind, _ = numbers[at : at + 5]
        line, start = line + down, right if down else start + right
        units = lines[line].encode("utf-16-le" if file.encoding is UTF_16 else "utf-32-le")
        size = 2 if file.encoding is UTF_16 else 4
        text = units[start * size : (start + length) * size].decode(
            "utf-16-le" if file.encoding is UTF_16 else "utf-32-le"
        )
        found.append((text, LEGEND.token_types[kind]))
    return found


@pytest.mark.parametrize("encoding", [UTF_16, UTF_32], ids=["utf-16", "utf-32"])
def test_template_syntax_is_coloured_also_after_an_emoji(live: Live, encoding: Any) -> None:
    assert shown_tokens(opened(live, ASK, encoding=encoding)) == [
        *[("{%", "keyword"), ("include", "keyword"), ('"partials/tone.md.j2"', "string")],
        *[("%}", "keyword"), ("{%", "keyword"), ("if", "keyword"), ("question", "variable")],
        *[("is", "keyword"), ("defined", "function"), ("and", "keyword"), ("2.5", "number")],
        *[(">", "operator"), ("1", "number"), ("%}", "keyword"), ("{{", "keyword")],
        *[("question", "variable"), ("}}", "keyword")],
        *[("{%", "keyword"), ("endif", "keyword"), ("%}", "keyword"), ("{{", "keyword")],
        *[("question", "variable"), ("}}", "keyword")],
    ]
    assert shown_tokens(opened(live, TONE, encoding=encoding)) == [
        *[("{#", "keyword"), (" of the house ", "comment"), ("#}", "keyword")],
        *[("{{", "keyword"), ("name", "variable"), ("|", "operator"), ("upper", "function")],
        ("}}", "keyword"),
    ]
    assert shown_tokens(opened(live, "promptops.toml", encoding=encoding)) == []


def test_lenses_and_hints_stay_with_their_lines_while_a_line_is_typed(live: Live) -> None:
    read = opened(live, ASK)
    params = types.InlayHintParams(text_document=OF_FILE, range=EVERYTHING)
    before = lenses(read), [hint.position for hint in inlay_hints(read, params)]

    typing = opened(live, ASK, FILES[ASK].replace("messages:", "bud\n\nmessages:"))
    found = lenses(typing), [hint.position for hint in inlay_hints(typing, params)]

    assert live.catalog.loaded(ASK).prompt is None
    assert found == (
        [(line + 2 if line else 0, *rest) for line, *rest in before[0]],
        [types.Position(line=each.line + 2, character=each.character) for each in before[1]],
    )
