"""Code lenses, inlay hints, semantic tokens and previews of an open prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.commands import code_lenses, preview_as_text, preview_of, run_recorded
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.hovers import inlay_hints
from promptops.commands.lsp.structure import LEGEND, semantic_tokens
from promptops.errors import UsageError
from promptops.records import replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer
from tests.commands.lsp.opened_files import UTF_16, UTF_32, opened
from tests.conftest import GitRepository

ASK = "prompts/ask.prompt.yaml"
TONE = "prompts/partials/tone.md.j2"
FILES = {
    "promptops.toml": (
        '[models.fast]\nprovider = "acme"\nid = "acme-7b"\nbase_url = "http://127.0.0.1:9/v1"\n'
        "price = {input = 2.0, output = 8.0}\n"
    ),
    TONE: "{# of the house #}Be kind to {{ name | upper }}.\n",
    ASK: """\
format: promptops/1
description: Answer.
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 80}
    name: {type: string, maxLength: 20, default: Ada}
messages:
  - role: system
    content: |
      {% include "partials/tone.md.j2" %}
      {% if question is
            defined and 2.5 > 1 %}😀 {{ question }}{% endif %}
  - {role: user, content: "Q: {{ question }}"}
tests:
  - {name: one, inputs: {question: why}, rendered: [{type: contains, value: why}]}
  - {name: two, inputs: {question: how}, output: [{type: contains, value: so}]}
  - {name: three, inputs: {question: who}, output: [{type: contains, value: so}]}
  - file: ./ask.cases.yaml
""",
    "prompts/ask.cases.yaml": """\
- {name: four, inputs: {question: 4}, rendered: [{type: message-count, value: 2}]}
""",
    "prompts/tell.prompt.yaml": "format: promptops/1\nextends: ./ask.prompt.yaml\n",
}
EVERYTHING = types.Range(
    start=types.Position(line=0, character=0), end=types.Position(line=99, character=0)
)
OF_FILE: Any = None  # the parameters repeat the file, which is passed already


@pytest.fixture
def live(repo: GitRepository) -> Iterator[Live]:
    repo.write(FILES)
    repo.commit("start")
    found = Live(repo.root)
    record(repo, found, "two", "and so on")
    found.refreshed()
    yield found
    found.close()


def record(repo: GitRepository, live: Live, case: str, answer: str) -> None:
    """A recorded answer to a case of ASK."""
    prompt = live.catalog.loaded(ASK).prompt
    assert prompt is not None
    inputs = next(each.inputs for each in prompt.cases if each.name == case)
    digest = request_digest(Renderer(prompt, live.catalog.load).request(inputs))
    recording = {
        "format": 1,
        "case": case,
        "request": digest,
        "repeat": 0,
        "model": "acme-7b",
        "output": answer,
        "finish_reason": "stop",
        "fingerprint": None,
        "usage": {"input": 9, "output": 3, "cached": 0},
    }
    repo.write({live.catalog.recordings_of(ASK): json.dumps(recording) + "\n"})


def lenses(file: OpenFile) -> list[tuple[int, str, str]]:
    return [
        (lens.range.start.line, lens.command.title, lens.command.command)
        for lens in code_lenses(file, OF_FILE)
        if lens.command is not None
    ]


def test_lenses_count_the_cases_and_the_users_and_offer_commands(live: Live) -> None:
    preview, run = "promptops.preview", "promptops.runCase"

    assert lenses(opened(live, ASK)) == [
        (0, "4 cases, 1 stale", ""),
        (0, "used by 1 prompt", ""),
        (16, "render", preview),
        (16, "run (recorded)", run),
        (17, "render", preview),
        (17, "run (recorded)", run),
        (18, "render", preview),
    ]
    assert lenses(opened(live, TONE)) == [(0, "used by 2 prompts", "")]
    assert lenses(opened(live, "promptops.toml")) == []
    untrusted = replace(opened(live, ASK), trusted=False)
    assert run not in {command for _, _, command in lenses(untrusted)}


def test_a_changed_request_makes_cases_stale(live: Live) -> None:
    changed = opened(live, ASK, FILES[ASK].replace("Q: ", "Question: "))

    assert lenses(changed)[0] == (0, "4 cases, 2 stale", "")


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


def in_short(value: dict[str, Any]) -> list[tuple[str, list[tuple[str, bool, str]]]]:
    return [
        (
            message["role"],
            [
                (piece["text"], piece["literal"], place_of(piece["location"]))
                for piece in message["pieces"]
            ],
        )
        for message in value["messages"]
    ]


def place_of(location: types.Location) -> str:
    start = location.range.start
    return f"{location.uri.rpartition('/')[2]}:{start.line}:{start.character}"


def test_a_preview_shows_each_piece_with_its_source(live: Live) -> None:
    value = preview_of(opened(live, ASK), "two")

    assert in_short(value) == [
        (
            "system",
            [
                ("Be kind to ", True, "tone.md.j2:0:18"),
                ("ADA", False, "tone.md.j2:0:32"),
                (".\n", True, "tone.md.j2:0:47"),
                ("😀 ", True, "ask.prompt.yaml:13:34"),
                ("how", False, "ask.prompt.yaml:13:39"),
            ],
        ),
        (
            "user",
            [("Q: ", True, "ask.prompt.yaml:14:27"), ("how", False, "ask.prompt.yaml:14:33")],
        ),
    ]
    rest = {key: found for key, found in value.items() if key != "messages"}
    assert rest == {
        "case": "two",
        "cases": ["one", "two", "three", "four"],
        "tokens": 11,
        "cost": pytest.approx(11 * 2 / 1_000_000),
        "error": None,
    }


def test_a_preview_that_is_impossible_has_the_reason(live: Live) -> None:
    wrong = preview_of(opened(live, ASK), "four")
    broken = preview_of(opened(live, ASK, FILES[ASK] + "  - ["), "one")
    never = preview_of(opened(live, "prompts/new.prompt.yaml", "format: ["), None)

    assert wrong["error"].endswith("`question` must be a string, not a number")
    assert preview_as_text(wrong) == wrong["error"]
    assert wrong["messages"] == []
    assert broken["error"] == "the prompt can't be read: fix the errors in the file"
    assert [role for role, _ in in_short(broken)] == ["system", "user"]
    assert never == {
        "case": None,
        "cases": [],
        "messages": [],
        "tokens": None,
        "cost": None,
        "error": "the prompt can't be read: fix the errors in the file",
    }


def test_a_case_runs_with_its_recorded_answer(live: Live) -> None:
    file = opened(live, ASK)

    assert run_recorded(file, "two") == "pass: 1 case, 1 assertion (replayed)"
    with pytest.raises(UsageError, match="there is no case 'five'"):
        run_recorded(file, "five")
    with pytest.raises(UsageError, match="cases run in trusted workspaces only"):
        run_recorded(replace(file, trusted=False), "two")


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
    assert [
        piece["location"].range.start.line
        for message in preview_of(typing, "one")["messages"]
        for piece in message["pieces"]
        if piece["location"].uri == typing.uri
    ] == [15, 15, 16, 16]
