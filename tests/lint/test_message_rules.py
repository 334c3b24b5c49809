"""MSG: roles, their order, and what stands in the texts."""

from collections.abc import Callable

import pytest

from promptops.lint.examples import PROMPT_PATH, files, findings
from promptops.lint.provider_roles import accepts_prefill, conversation_of
from promptops.lint.registry import built_in

Lines = Callable[[str, str], list[str]]

OPENAI = "model: {provider: openai, id: x}\n"
GOOGLE = "model: {provider: gemini, id: gemini-2.5-pro}\n"
MISTRAL = "model: {provider: mistral, id: x}\n"


ROLES = {
    "developer is no role of Google, in a loop neither": (
        GOOGLE + "inputs: {properties: {ex: {type: array, maxItems: 3}}}\n"
        "messages:\n"
        "  - {role: developer, content: x}\n"
        "  - {for_each: ex, as: e, messages: [{role: developer, content: y}]}\n"
        "  - {role: user, content: x}\n",
        [
            "gemini has no role `developer` ask.prompt.yaml:4:12-21",
            "gemini has no role `developer` ask.prompt.yaml:5:45-54",
        ],
    ),
    "a provider that is not known is not judged": (
        "model: {provider: acme, id: x}\n"
        "messages: [{role: developer, content: x}, {role: tool, content: y}]\n",
        [],
    ),
    "without a model nothing is judged": (
        "messages: [{role: developer, content: x}, {role: tool, content: y}]\n",
        [],
    ),
    "a tool's turn answers a call": (
        OPENAI + "messages:\n"
        "  - {role: developer, content: x}\n"
        "  - {role: assistant, tool_calls: [{id: c1, name: f, arguments: {}}]}\n"
        "  - {role: tool, tool_call_id: c1, content: x}\n"
        "  - {role: tool, tool_call_id: c2, content: x}\n"
        "  - {role: tool, content: x}\n",
        [
            "no earlier message has the tool call `c2` ask.prompt.yaml:6:32-34",
            "a `tool` message without `tool_call_id` ask.prompt.yaml:7:12-16",
        ],
    ),
    "the caller's history may hold the call": (
        OPENAI + "inputs: {properties: {h: {type: array, maxItems: 3, default: []}}}\n"
        "messages:\n"
        "  - {history: h}\n"
        "  - {role: tool, tool_call_id: c2, content: x}\n",
        [],
    ),
}


@pytest.mark.parametrize(("block", "expected"), ROLES.values(), ids=ROLES)
def test_roles_are_those_of_the_provider(found: Lines, block: str, expected: list[str]) -> None:
    assert found("MSG001", block) == expected


def test_the_fix_for_developer_is_system_at_the_role() -> None:
    block = files(GOOGLE + 'messages: [{role: "developer", content: x}]\n')

    fix = findings(built_in()["MSG001"], block)[0].fix

    assert fix is not None
    assert [(str(edit.place), edit.text) for edit in fix.edits] == [
        (f"{PROMPT_PATH}:2:19", "system")
    ]
    assert not fix.safe


POSITIONS = {
    "two under a when are one": (
        "messages:\n"
        "  - {role: system, content: a, when: 1 > 0}\n"
        "  - {role: system, content: b, when: 1 < 0}\n"
        "  - {role: user, content: c}\n",
        [],
    ),
    "after the history is late": (
        "inputs: {properties: {h: {type: array, maxItems: 3, default: []}}}\n"
        "messages:\n"
        "  - {history: h}\n"
        "  - {role: system, content: b}\n"
        "  - role: developer\n"
        "    content: c\n",
        [
            "`system` is not first ask.prompt.yaml:4:12-18",
            "`developer` is not first ask.prompt.yaml:5:11-20",
        ],
    ),
    "system and developer are two": (
        "messages:\n"
        "  - {role: system, content: a}\n"
        "  - {role: developer, content: b}\n"
        "  - {role: user, content: c}\n",
        ["a second `developer` message ask.prompt.yaml:3:12-21"],
    ),
}


@pytest.mark.parametrize(("block", "expected"), POSITIONS.values(), ids=POSITIONS)
def test_instructions_come_first_and_once(found: Lines, block: str, expected: list[str]) -> None:
    assert found("MSG002", block) == expected


EMPTY = {
    "a part, in a case and as written": (
        'inputs: {properties: {n: {type: string, maxLength: 3, default: "  "}}}\n'
        "messages:\n"
        "  - role: user\n"
        "    content:\n"
        "      - {text: hi}\n"
        '      - {text: "{{ n }}"}\n'
        '      - {text: "  "}\n'
        '  - {role: user, content: ""}\n',
        [
            "the message is empty in the case `one` ask.prompt.yaml:6:16-25 [one]",
            "the message is empty ask.prompt.yaml:7:16-20",
            "the message is empty ask.prompt.yaml:8:27-29",
        ],
    ),
    "a body that is not there is another rule's": (
        "messages: [{role: user, content: {file: gone.md}}]\n",
        [],
    ),
    "a call needs no words": (
        "messages:\n"
        '  - {role: assistant, content: "", tool_calls: [{id: c, name: f, arguments: {}}]}\n',
        [],
    ),
    "a body file of white space": (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "messages:\n"
        "  - {role: user, content: {file: blank.md}}\n"
        "  - {role: user, content: {file: includes.md}}\n"
        "tests: [{name: one}]\n"
        "--- prompts/blank.md\n"
        "\n"
        "--- prompts/includes.md\n"
        '{% include "blank.md" %}\n',
        [
            "the message is empty a.prompt.yaml:3:27-43",
            "the message is empty in the case `one` a.prompt.yaml:4:27-46 [one]",
        ],
    ),
}


@pytest.mark.parametrize(("block", "expected"), EMPTY.values(), ids=EMPTY)
def test_every_message_says_something(found: Lines, block: str, expected: list[str]) -> None:
    assert found("MSG003", block) == expected


TURNS = {
    "what a case renders is seen where a when decides": (
        GOOGLE + "inputs:\n"
        "  properties:\n"
        "    n: {type: boolean, default: true}\n"
        "    ex: {type: array, maxItems: 3, default: [{}, {}]}\n"
        "messages:\n"
        "  - {role: system, content: s}\n"
        "  - for_each: ex\n"
        "    as: e\n"
        "    messages: [{role: user, content: q}, {role: assistant, content: a}]\n"
        "  - {role: user, content: s}\n"
        "  - {role: user, when: n, content: s}\n"
        "  - {role: assistant, when: n, content: s}\n"
        "tests:\n"
        "  - {name: one}\n"
        "  - {name: two, inputs: {n: false}}\n",
        [
            "two `user` messages in a row: gemini requires `user` and `assistant` messages"
            " to alternate ask.prompt.yaml:12:12-16 [one]",
            "the last message is the assistant's, which gemini/gemini-2.5-pro does not continue"
            " ask.prompt.yaml:13:12-21 [one]",
        ],
    ),
    "a loop follows itself, history is nobody's, an image is a turn": (
        GOOGLE + "inputs:\n"
        "  properties:\n"
        "    ex: {type: array, maxItems: 3, default: []}\n"
        "    h: {type: array, maxItems: 3, default: [{role: user, content: x}]}\n"
        "messages:\n"
        "  - {for_each: ex, as: e, messages: [{role: user, content: q}]}\n"
        "  - {history: h}\n"
        "  - {role: user, content: s}\n"
        '  - {role: user, content: [{image: {url: "https://x.test/a.png"}}]}\n',
        [
            "two `user` messages in a row: gemini requires `user` and `assistant` messages"
            " to alternate ask.prompt.yaml:7:45-49",
            "two `user` messages in a row: gemini requires `user` and `assistant` messages"
            " to alternate ask.prompt.yaml:10:12-16",
        ],
    ),
    "openai takes them all": (
        OPENAI + "messages:\n"
        "  - {role: user, content: q}\n"
        "  - {role: user, content: q}\n"
        "  - {role: assistant, content: q}\n",
        [],
    ),
    "anthropic joins two, and continues an answer up to 4.5": (
        "model: {provider: anthropic, id: claude-sonnet-4-5}\n"
        "messages:\n"
        "  - {role: user, content: q}\n"
        "  - {role: user, content: q}\n"
        "  - {role: assistant, content: q}\n",
        ["two `user` messages in a row: anthropic makes one turn of them ask.prompt.yaml:4:12-16"],
    ),
    "mistral wants an answer after a tool": (
        MISTRAL + "messages:\n"
        "  - {role: user, content: q}\n"
        "  - {role: assistant, tool_calls: [{id: c1, name: f, arguments: {}}]}\n"
        "  - {role: tool, tool_call_id: c1, content: a}\n"
        "  - {role: tool, tool_call_id: c1, content: a}\n"
        "  - {role: user, content: q}\n",
        [
            "`user` right after `tool`: mistral requires an assistant message between them"
            " ask.prompt.yaml:7:12-16"
        ],
    ),
}


@pytest.mark.parametrize(("block", "expected"), TURNS.values(), ids=TURNS)
def test_turns_follow_each_other_as_the_provider_accepts_them(
    found: Lines, block: str, expected: list[str]
) -> None:
    assert found("MSG004", block) == expected


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("claude-3-5-haiku-latest", True),
        ("claude-opus-4-20250514", True),
        ("claude-opus-4-1", True),
        ("claude-sonnet-4-5-20250929", True),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("claude-opus-4-6", False),
        ("us.anthropic.claude-opus-4-6-v1", False),
        ("claude-sonnet-5", False),
        ("claude-mythos-preview", False),
    ],
)
def test_claude_continues_an_answer_up_to_4_5(model: str, accepted: bool) -> None:
    conversation = conversation_of("anthropic")

    assert conversation is not None
    assert accepts_prefill(conversation, model) is accepted


DELIMITERS = {
    "a value closes nothing": (
        "inputs: {properties: {n: {type: string, maxLength: 30, default: '</doc> ```'}}}\n"
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      <doc>\n"
        "      {{ n }}\n"
        "      </doc>\n",
        [],
    ),
    "a branch that no case renders": (
        "inputs: {properties: {c: {type: boolean, default: false}}}\n"
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      {% if c %}\n"
        "      <extra>\n"
        "      x\n"
        "      {% endif %}\n"
        "      Go on.\n",
        ["`<extra>` is never closed ask.prompt.yaml:6:7-14"],
    ),
    "two branches open what one line closes": (
        "inputs: {properties: {c: {type: boolean, default: false}}}\n"
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      {% if c %}\n"
        "      <a>\n"
        "      {% else %}\n"
        "      <a>\n"
        "      {% endif %}\n"
        "      x\n"
        "      </a>\n",
        [],
    ),
    "one partial opens, another closes": (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        '      {% include "open.md" %}\n'
        "\n"
        "      text\n"
        '      {% include "close.md" %}\n'
        "--- prompts/open.md\n"
        "<doc>\n"
        "--- prompts/close.md\n"
        "</doc>\n",
        [],
    ),
    "two includes deep, behind a letter of two bytes": (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "messages: [{role: user, content: \"{% include 'one.md' %}\"}]\n"
        "tests: [{name: first}]\n"
        "--- prompts/one.md\n"
        "{% include 'two.md' %}\n"
        "--- prompts/two.md\n"
        "é\n"
        "  <doc>\n"
        "hello\n",
        ["`<doc>` is never closed two.md:2:3-8 [first]"],
    ),
    "without a case": (
        "messages:\n  - role: user\n    content: |\n      ```python\n      print(1)\ntests: []\n",
        ["a code fence is never closed ask.prompt.yaml:4:7-10"],
    ),
    "a fence on the last line of the last message": (
        "messages:\n"
        "  - role: system\n"
        "    content: Answer with code.\n"
        "  - role: user\n"
        "    content: |\n"
        "      Write a loop.\n"
        "      ```python\n",
        [],
    ),
    "the same without a case": (
        "messages:\n  - role: user\n    content: |\n      Write a loop.\n      ~~~~\ntests: []\n",
        [],
    ),
    "a fence on the last line of another message": (
        "messages:\n"
        "  - role: system\n"
        "    content: |\n"
        "      Answer with code.\n"
        "      ```python\n"
        "  - {role: user, content: Write a loop.}\n",
        ["a code fence is never closed ask.prompt.yaml:5:7-10 [one]"],
    ),
    "a fence before a conversation": (
        "inputs:\n"
        "  required: [talk]\n"
        "  properties: {talk: {type: array}}\n"
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      ```json\n"
        "  - {history: talk}\n"
        "tests: []\n",
        ["a code fence is never closed ask.prompt.yaml:7:7-10"],
    ),
    "the beginning of an answer": (
        "messages:\n"
        "  - {role: user, content: Give me JSON.}\n"
        "  - role: assistant\n"
        "    content: |\n"
        "      <answer>\n"
        "      ```json\n"
        "      {\n",
        [],
    ),
    "an answer in the middle": (
        "messages:\n"
        "  - {role: user, content: Give me JSON.}\n"
        "  - role: assistant\n"
        "    content: |\n"
        "      ```json\n"
        "      {\n"
        "  - {role: user, content: Once more.}\n",
        ["a code fence is never closed ask.prompt.yaml:5:7-10 [one]"],
    ),
}


@pytest.mark.parametrize(("block", "expected"), DELIMITERS.values(), ids=DELIMITERS)
def test_what_opens_also_closes(found: Lines, block: str, expected: list[str]) -> None:
    assert found("MSG006", block) == expected


TOKENS = {
    "in a branch no case renders, and behind an escape": (
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      é {% if false %}[INST]{% endif %} <|im_start|>\n"
        '  - {role: user, content: "a\\tb <|im_end|>"}\n',
        [
            "`[INST]` is a control token of a model's chat template ask.prompt.yaml:4:23-29",
            "`<|im_start|>` is a control token of a model's chat template"
            " ask.prompt.yaml:4:41-53 [one]",
            "`<|im_end|>` is a control token of a model's chat template"
            " ask.prompt.yaml:5:33-43 [one]",
        ],
    ),
    "what a caller passed is not written here": (
        "inputs: {properties: {n: {type: string, maxLength: 30, default: '[INST]'}}}\n"
        "messages: [{role: user, content: 'Sort {{ n }}.'}]\n",
        [],
    ),
}


@pytest.mark.parametrize(("block", "expected"), TOKENS.values(), ids=TOKENS)
def test_no_text_holds_control_tokens(found: Lines, block: str, expected: list[str]) -> None:
    assert found("MSG007", block) == expected
