"""What each assertion says of one request: holds, fails with the reason, or can't be judged."""

# ruff: noqa: E501 - a reason stands on one line here, as where it is printed

from dataclasses import replace
from typing import Any

import pytest

from promptops.evals.result import Judgement, judge_request
from promptops.model.place import Place
from promptops.model.prompt import Case, Request

LONG = "You sort letters by urgency.\n" * 4 + "Known: KI-7, KI-12."
REQUEST = Request(
    messages=(
        {"role": "system", "content": "You help.\nBe brief."},
        {"role": "user", "content": "Straße 5"},
        {"role": "assistant", "content": 'Sure: {"sql": "SELECT 1", "rows": [1, 2]} [x'},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look:"}, {"type": "image", "url": "data:,"}],
        },
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "tool", "content": '{"ok": true}', "tool_call_id": "1"},
        {"role": "developer", "content": LONG},
    ),
    model={"provider": "openai", "id": "m"},
    params={"temperature": 0, "seed": True},
    tools=({"name": "refund", "a/b~c": [1.0]},),
)


def judged(written: dict[str, Any]) -> Judgement:
    case = Case(
        name="one",
        inputs={"street": "Straße 5"},
        expected={"rows": 2},
        at="/tests/0",
        locate=lambda pointer, key, within=None: Place(f"key {pointer}" if key else pointer),
        rendered=(written,),
    )
    (verdict,) = judge_request(REQUEST, case)
    return verdict


TABLE: list[tuple[dict[str, Any], str, str]] = [
    (
        {"type": "equals", "role": "user", "value": "no"},
        "failed",
        "expected `no` in the user messages, got `Straße 5\\n\\nLook:\\n\\na\\n\\nb`",
    ),
    (
        {"type": "equals", "path": "/messages/1/content", "value": "Straße 5"},
        "passed",
        "expected `Straße 5` at /messages/1/content, got `Straße 5`",
    ),
    (
        {"type": "not-equals", "path": "/messages/1/content", "value": "Straße 5"},
        "failed",
        "expected anything but `Straße 5` at /messages/1/content, got `Straße 5`",
    ),
    (
        {"type": "equals", "path": "/params/temperature", "value": 0.0},
        "passed",
        "expected the number 0.0 at /params/temperature, got the number 0",
    ),
    (
        {"type": "equals", "path": "/params/temperature", "value": False},
        "failed",
        "expected false at /params/temperature, got the number 0",
    ),
    (
        {"type": "equals", "path": "/params/temperature", "value": "0"},
        "failed",
        "expected `0` at /params/temperature, got the number 0",
    ),
    (
        {"type": "equals", "path": "/params/seed", "value": 1},
        "failed",
        "expected the number 1 at /params/seed, got true",
    ),
    (
        {"type": "equals", "path": "/tools/0/a~1b~0c", "value": [1]},
        "passed",
        "expected `[1]` at /tools/0/a~1b~0c, got `[1.0]`",
    ),
    (
        {"type": "equals", "path": "/messages/4/content", "value": "a\n\nb"},
        "passed",
        "expected `a\\n\\nb` at /messages/4/content, got `a\\n\\nb`",
    ),
    (
        {"type": "equals", "path": "/response_format", "value": None},
        "passed",
        "expected null at /response_format, got null",
    ),
    (
        {"type": "equals", "path": "/model", "value": {"id": "m", "provider": "openai"}},
        "passed",
        'expected `{"id": "m", "provider": "openai"}` at /model, got `{"provider": "openai", "id": "m"}`',
    ),
    (
        {"type": "equals", "role": "developer", "value": LONG.replace("KI-7", "KI-8")},
        "failed",
        "expected `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (135 characters) in the developer message, got `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (135 characters): line 5, column 11 has `7, KI-12.` instead of `8, KI-12.`",
    ),
    (
        {"type": "equals", "role": "developer", "value": LONG + "\n"},
        "failed",
        "expected `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (136 characters) in the developer message, got `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (135 characters): line 5, column 20 has its end instead of `\\n`",
    ),
    (
        {"type": "equals", "role": "developer", "value": LONG},
        "passed",
        "expected `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (135 characters) in the developer message, got `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (135 characters)",
    ),
    (
        {"type": "one-of", "path": "/model/id", "value": ["m", "n"]},
        "passed",
        "expected `m` or `n` at /model/id, got `m`",
    ),
    (
        {"type": "one-of", "path": "/model/id", "value": ["k", "l", 3]},
        "failed",
        "expected `k`, `l` or the number 3 at /model/id, got `m`",
    ),
    (
        {"type": "not-one-of", "path": "/model/id", "value": ["m"]},
        "failed",
        "expected anything but `m` at /model/id, got `m`",
    ),
    (
        {"type": "contains", "value": "brief.\n\nStraße"},
        "passed",
        "expected `brief.\\n\\nStraße` in the request, got line 2: `Be brief.`",
    ),
    (
        {"type": "contains", "role": "user", "value": "Look:\n\na\n\nb"},
        "passed",
        "expected `Look:\\n\\na\\n\\nb` in the user messages, got line 3: `Look:`",
    ),
    (
        {"type": "contains", "role": "system", "value": "BRIEF"},
        "failed",
        "expected `BRIEF` in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "not-contains", "role": "system", "value": "brief"},
        "failed",
        "expected no `brief` in the system message, got line 2: `Be brief.`",
    ),
    (
        {"type": "not-contains", "role": "system", "value": "BRIEF"},
        "passed",
        "expected no `BRIEF` in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "contains", "role": "developer", "value": "Known: KI-7, KI-13."},
        "failed",
        "expected `Known: KI-7, KI-13.` in the developer message, got `You sort letters by urgency.\\nYou sort letters by urgency.\\nYou sort letters by ur…` (135 characters), where `Known: KI-7, KI-1` is followed by `2.`",
    ),
    (
        {"type": "icontains", "role": "user", "value": "STRASSE"},
        "passed",
        "expected `STRASSE` in any case in the user messages, got line 1: `strasse 5`",
    ),
    (
        {"type": "not-icontains", "role": "system", "value": "HELP"},
        "failed",
        "expected no `HELP` in any case in the system message, got line 1: `You help.`",
    ),
    (
        {"type": "icontains", "role": "system", "value": "x"},
        "failed",
        "expected `x` in any case in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "contains-all", "role": "system", "value": ["brief", "help"]},
        "passed",
        "expected `brief` and `help` in the system message, got all",
    ),
    (
        {"type": "contains-all", "role": "system", "value": ["brief", "x", "y"]},
        "failed",
        "expected `brief`, `x` and `y` in the system message, got `You help.\\nBe brief.` without `x` and `y`",
    ),
    (
        {"type": "not-contains-all", "role": "system", "value": ["brief", "help"]},
        "failed",
        "expected not all of `brief` and `help` in the system message, got all",
    ),
    (
        {"type": "contains-any", "role": "system", "value": ["x", "help"]},
        "passed",
        "expected `x` or `help` in the system message, got line 1: `You help.`",
    ),
    (
        {"type": "contains-any", "role": "system", "value": ["x", "y"]},
        "failed",
        "expected `x` or `y` in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "not-contains-any", "role": "system", "value": ["x", "help"]},
        "failed",
        "expected none of `x` and `help` in the system message, got line 1: `You help.`",
    ),
    (
        {"type": "starts-with", "role": "system", "value": "You"},
        "passed",
        "expected `You` at the beginning in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "starts-with", "role": "system", "value": "I"},
        "failed",
        "expected `I` at the beginning in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "not-starts-with", "role": "system", "value": "You"},
        "failed",
        "expected no `You` at the beginning in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "regex", "role": "system", "value": "(?m)^Be "},
        "passed",
        "expected a match of `(?m)^Be ` in the system message, got line 2: `Be brief.`",
    ),
    (
        {"type": "regex", "role": "system", "value": "^Be "},
        "failed",
        "expected a match of `^Be ` in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "not-regex", "role": "system", "value": "\\bBe\\b"},
        "failed",
        "expected no match of `\\bBe\\b` in the system message, got line 2: `Be brief.`",
    ),
    (
        {"type": "max-chars", "role": "system", "value": 19},
        "passed",
        "expected at most 19 characters in the system message, got 19",
    ),
    (
        {"type": "max-chars", "role": "system", "value": 18},
        "failed",
        "expected at most 18 characters in the system message, got 19",
    ),
    (
        {"type": "not-max-chars", "role": "system", "value": 19},
        "failed",
        "expected more than 19 characters in the system message, got 19",
    ),
    (
        {"type": "max-tokens", "role": "system", "value": 100},
        "passed",
        "expected at most 100 tokens in the system message, got about 7 (an estimate)",
    ),
    (
        {"type": "max-tokens", "role": "system", "value": 1},
        "failed",
        "expected at most 1 token in the system message, got about 7 (an estimate)",
    ),
    (
        {"type": "not-max-tokens", "role": "system", "value": 100},
        "failed",
        "expected more than 100 tokens in the system message, got about 7 (an estimate)",
    ),
    (
        {"type": "word-count", "role": "system", "value": 4},
        "passed",
        "expected 4 words in the system message, got 4",
    ),
    (
        {"type": "word-count", "role": "system", "value": 1},
        "failed",
        "expected 1 word in the system message, got 4",
    ),
    (
        {"type": "word-count", "role": "system", "value": {"min": 5}},
        "failed",
        "expected at least 5 words in the system message, got 4",
    ),
    (
        {"type": "word-count", "role": "system", "value": {"max": 3}},
        "failed",
        "expected at most 3 words in the system message, got 4",
    ),
    (
        {"type": "not-word-count", "role": "system", "value": {"min": 1, "max": 4}},
        "failed",
        "expected not 1 to 4 words in the system message, got 4",
    ),
    (
        {"type": "is-json", "role": "tool"},
        "passed",
        'expected JSON in the tool message, got `{"ok": true}`',
    ),
    (
        {"type": "is-json", "role": "assistant"},
        "failed",
        'expected JSON in the assistant message, got `Sure: {"sql": "SELECT 1", "rows": [1, 2]} [x`',
    ),
    (
        {"type": "not-is-json", "role": "tool"},
        "failed",
        'expected no JSON in the tool message, got `{"ok": true}`',
    ),
    (
        {"type": "json-schema", "role": "tool", "value": {"required": ["ok"]}},
        "passed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`',
    ),
    (
        {
            "type": "json-schema",
            "role": "tool",
            "value": {"required": ["id"], "properties": {"ok": {"type": "integer"}}},
        },
        "failed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`: `id` is missing; expected a whole number, got true at /ok',
    ),
    (
        {"type": "json-schema", "role": "system", "value": {"type": "string"}},
        "failed",
        "expected a value that fits the schema in the system message, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "not-json-schema", "role": "tool", "value": {"required": ["ok"]}},
        "failed",
        'expected no value that fits the schema in the tool message, got `{"ok": true}`',
    ),
    (
        {"type": "json-schema", "path": "/messages", "value": {"maxItems": 2}},
        "failed",
        'expected a value that fits the schema at /messages, got `[{"role": "system", "content": "You help.\\nBe brief."}, {"role": "user", "conten…` (624 characters): expected a list of at most 2, got a list',
    ),
    (
        {
            "type": "json-schema",
            "role": "tool",
            "value": {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        },
        "failed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`: expected a list, got a mapping',
    ),
    (
        {
            "type": "json-schema",
            "path": "/messages/0/role",
            "value": {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        },
        "failed",
        "expected a value that fits the schema at /messages/0/role, got `system`: expected a list, got the string `system`",
    ),
    (
        {
            "type": "json-schema",
            "role": "tool",
            "value": {"additionalProperties": False, "properties": {"type": {"anyOf": [True]}}},
        },
        "failed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`: unknown key `ok`',
    ),
    (
        {
            "type": "json-schema",
            "role": "tool",
            "value": {"additionalProperties": False, "properties": {"no": {}}, "x-hints": 5},
        },
        "failed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`: unknown key `ok`',
    ),
    (
        {
            "type": "json-schema",
            "path": "/messages/0/role",
            "value": {"const": "user", "x-hints": {"system": {"other": "tool"}}},
        },
        "failed",
        "expected a value that fits the schema at /messages/0/role, got `system`: expected `user`, got the string `system`",
    ),
    (
        {"type": "json-schema", "path": "/messages/0/role", "value": {"pattern": "^/"}},
        "failed",
        "expected a value that fits the schema at /messages/0/role, got `system`: the string `system` does not fit the pattern `^/`",
    ),
    (
        {
            "type": "json-schema",
            "role": "tool",
            "value": {
                "required": ["type"],
                "additionalProperties": False,
                "properties": {"type": {"anyOf": [{"enum": ["ok"]}]}},
            },
        },
        "failed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`: `type` is missing; unknown key `ok`',
    ),
    (
        {"type": "json-schema", "path": "/tools/0", "value": {"propertyNames": {"maxLength": 4}}},
        "failed",
        'expected a value that fits the schema at /tools/0, got `{"name": "refund", "a/b~c": [1.0]}`: a mapping is not allowed: "a/b~c" is longer than 4 characters',
    ),
    (
        {"type": "json-schema", "role": "tool", "value": {"oneOf": [{"type": "object"}, True]}},
        "failed",
        'expected a value that fits the schema in the tool message, got `{"ok": true}`: only one of the alternatives is allowed',
    ),
    (
        {"type": "json-schema", "path": "/messages/0/content", "value": {"maxLength": 20}},
        "passed",
        "expected a value that fits the schema at /messages/0/content, got `You help.\\nBe brief.`",
    ),
    (
        {"type": "json-schema", "path": "/messages/0/content", "value": {"maxLength": 9}},
        "failed",
        "expected a value that fits the schema at /messages/0/content, got `You help.\\nBe brief.`: expected a string of at most 9 characters, got the string `You help.\\nBe brief.`",
    ),
    (
        {"type": "contains-json", "role": "assistant", "value": {"rows": [2]}},
        "passed",
        'expected JSON with `{"rows": [2]}` in the assistant message, got `{"sql": "SELECT 1", "rows": [1, 2]}`',
    ),
    (
        {"type": "contains-json", "role": "assistant", "value": {"rows": [3]}},
        "failed",
        'expected JSON with `{"rows": [3]}` in the assistant message, got `{"sql": "SELECT 1", "rows": [1, 2]}`',
    ),
    (
        {"type": "contains-json", "role": "system", "value": {"rows": [3]}},
        "failed",
        'expected JSON with `{"rows": [3]}` in the system message, got no JSON in `You help.\\nBe brief.`',
    ),
    (
        {"type": "not-contains-json", "role": "tool", "value": {"ok": True}},
        "failed",
        'expected no JSON with `{"ok": true}` in the tool message, got `{"ok": true}`',
    ),
    (
        {"type": "contains-json", "role": "tool", "value": {"ok": 1}},
        "failed",
        'expected JSON with `{"ok": 1}` in the tool message, got `{"ok": true}`',
    ),
    (
        {"type": "contains-json", "path": "/tools", "value": [{"name": "refund"}]},
        "passed",
        'expected JSON with `[{"name": "refund"}]` at /tools, got `[{"name": "refund", "a/b~c": [1.0]}]`',
    ),
    ({"type": "message-count", "value": 7}, "passed", "expected 7 messages in the request, got 7"),
    ({"type": "message-count", "value": 1}, "failed", "expected 1 message in the request, got 7"),
    (
        {"type": "message-count", "role": "user", "value": 2},
        "failed",
        "expected 2 user messages in the request, got 3",
    ),
    (
        {"type": "not-message-count", "role": "user", "value": 3},
        "failed",
        "expected any number but 3 user messages in the request, got 3",
    ),
    (
        {"type": "expr", "value": "messages | length == 7"},
        "passed",
        "expected `messages | length == 7` to hold in the request, got true",
    ),
    (
        {"type": "expr", "role": "user", "value": "inputs.street in value"},
        "passed",
        "expected `inputs.street in value` to hold in the user messages, got true",
    ),
    (
        {"type": "expr", "value": "tools[0].name == 'x' or expected.rows > 2"},
        "failed",
        "expected `tools[0].name == 'x' or expected.rows > 2` to hold in the request, got false",
    ),
    (
        {"type": "not-expr", "value": "model.id == 'm'"},
        "failed",
        "expected `model.id == 'm'` not to hold in the request, got true",
    ),
    (
        {
            "type": "equals",
            "role": "system",
            "transform": "(value | split('\n'))[1]",
            "value": "Be",
        },
        "failed",
        "expected `Be` in the system message after `(value | split('\n'))[1]`, got `Be brief.`",
    ),
    (
        {"type": "equals", "role": "tool", "transform": "(value | parse_json).ok", "value": True},
        "passed",
        "expected true in the tool message after `(value | parse_json).ok`, got true",
    ),
]

ERRORS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"type": "contains", "path": "/messages/7/content", "value": "x"},
        "there is no `7` at /messages, a list of 7 items",
        "/path",
    ),
    (
        {"type": "not-contains", "path": "/messages/01/content", "value": "x"},
        "there is no `01` at /messages, a list of 7 items",
        "/path",
    ),
    (
        {"type": "not-contains", "path": "/message/0", "value": "x"},
        "there is no `message` at the root: did you mean `messages`?",
        "/path",
    ),
    ({"type": "equals", "path": "/zzz", "value": "x"}, "there is no `zzz` at the root", "/path"),
    (
        {"type": "equals", "path": "/messages/0/content/0", "value": "x"},
        "there is no `0` at /messages/0/content, which is the string `You help.\\nBe brief.`",
        "/path",
    ),
    (
        {"type": "not-equals", "path": "/response_format/name", "value": "x"},
        "there is no `name` at /response_format, which is null",
        "/path",
    ),
    (
        {"type": "contains", "path": "/tools", "value": "x"},
        "expected a string at /tools, got a list",
        "/path",
    ),
    (
        {"type": "not-contains", "path": "/params/temperature", "value": "x"},
        "expected a string at /params/temperature, got the number 0",
        "/path",
    ),
    (
        {"type": "not-is-json", "path": "", "value": None},
        "`value` is not an argument of `is-json`: known here: type, path, role, transform, weight, score, must, allow",
        "key /value",
    ),
    (
        {"type": "not-equals", "role": "user", "value": 5},
        "a string never equals the number 5: set `path`, or quote the value",
        "/value",
    ),
    (
        {"type": "not-one-of", "role": "user", "value": ["a", 5]},
        "a string never equals the number 5: set `path`, or quote the value",
        "/value",
    ),
    (
        {"type": "contains", "role": "system", "value": "x", "transform": "value | length"},
        "expected a string in the system message after `value | length`, got the number 19",
        "/transform",
    ),
    (
        {"type": "contains", "role": "system", "value": "x", "transform": "value | parse_json"},
        "`parse_json`: the string is not JSON",
        "/transform",
    ),
    (
        {"type": "not-expr", "value": "messages | length"},
        "expected true or false, got the number 7",
        "/value",
    ),
    (
        {"type": "not-expr", "value": "messages[0].role"},
        "expected true or false, got `system`",
        "/value",
    ),
    (
        {"type": "not-expr", "value": "messages[9] == 1"},
        "this list has no item 9",
        "/value",
    ),
    ({"type": "not-expr", "value": "model.ident == 'm'"}, "this object has no `ident`", "/value"),
    ({"type": "not-regex", "value": "("}, "the pattern can't be used: missing ): (", "/value"),
    (
        {"type": "contians", "value": "x"},
        "there is no assertion `contians`: did you mean `contains`?",
        "/type",
    ),
]


@pytest.mark.parametrize(("written", "status", "reason"), TABLE, ids=str)
def test_an_assertion_holds_or_fails_and_says_why(
    written: dict[str, Any], status: Any, reason: str
) -> None:
    assert replace(judged(written), compared=None) == Judgement(
        type=written["type"],
        status=status,
        must=True,
        reason=reason,
        place=Place("/tests/0/rendered/0"),
        degree=float(status == "passed"),
    )


@pytest.mark.parametrize(("written", "reason", "at"), ERRORS, ids=str)
def test_what_can_not_be_judged_neither_holds_nor_fails(
    written: dict[str, Any], reason: str, at: str
) -> None:
    verdict = judged(written)

    place = f"key /tests/0/rendered/0{at[4:]}" if at[:4] == "key " else f"/tests/0/rendered/0{at}"
    assert (verdict.status, verdict.passed) == ("error", False)
    assert (verdict.reason, verdict.place) == (reason, Place(place))


@pytest.mark.parametrize("written", [row[0] for row in TABLE], ids=str)
def test_not_before_a_name_turns_the_verdict_round(written: dict[str, Any]) -> None:
    name = written["type"]
    opposite = name.removeprefix("not-") if name.startswith("not-") else f"not-{name}"

    one, other = judged(written), judged({**written, "type": opposite})

    assert {one.status, other.status} == {"passed", "failed"}
    assert one.reason != other.reason


@pytest.mark.parametrize("opposite", ["contains", "not-contains"])
def test_a_role_no_message_has_is_an_error(opposite: str) -> None:
    request = Request(messages=({"role": "user", "content": "x"},))
    case = Case(
        name="one",
        inputs={},
        at="",
        locate=lambda pointer, _key, within=None: Place(pointer),
        rendered=({"type": opposite, "role": "system", "value": "x"},),
    )

    (verdict,) = judge_request(request, case)

    assert verdict == Judgement(
        type=opposite,
        status="error",
        must=True,
        reason="the request has no system message",
        place=Place("/rendered/0/role"),
        degree=0.0,
    )


def test_a_score_makes_an_assertion_no_contract_unless_it_must_hold() -> None:
    written = {"type": "contains", "value": "Be"}

    musts = [
        judged({**written, **more}).must
        for more in ({}, {"score": "tone"}, {"score": "tone", "must": True})
    ]

    assert musts == [True, False, True]
