"""What doesn't fit the schema of prompt files, told at its place."""

from __future__ import annotations

import sys

import pytest

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.source.document import read
from promptops.source.explain import type_name
from promptops.source.shape import check_case, check_prompt, check_shape


def told(problems: tuple[Problem, ...]) -> list[tuple[str, str, str | None]]:
    return [
        (f"{at.line}:{at.column}-{at.end_column}", problem.message, problem.hint)
        for problem in problems
        for at in [problem.at]
        if isinstance(at, Place)
    ]


def shape(source: str) -> list[tuple[str, str, str | None]]:
    document = read("a", source.encode())
    assert document.problems == ()
    return told(check_shape(document))


HEAD = "format: promptops/1\nmessages: [{role: user, content: hi}]\n"

EVERYTHING = """\
format: promptops/1
title: t
description: d
owners: ["@a"]
tags: [t]
metadata: {any: {thing: [1]}}
status: deprecated
replaced_by: support/other
sunset: 2027-01-31
budget: {input_tokens: 1, output_tokens: 2, cost_usd: 0.1}
aliases: [support/old]
x-ours: {a: 1}
model:
  provider: openai
  id: gpt
  params: {temperature: 0, top_p: 1, max_output_tokens: 9, stop: [a], seed: 1,
    reasoning_effort: low, frequency_penalty: 0, presence_penalty: 0, parallel_tool_calls: false}
  provider_options: {openai: {store: false}}
inputs:
  required: [a]
  properties:
    a: {type: string, x-untrusted: true, x-aliases: [b], default: null}
    c: {$ref: c.schema.json}
    d: true
  additionalProperties: false
  $defs: {e: {}}
output: {format: json, name: n, strict: true, description: d, schema: {type: object, foo: 1}}
tools:
  - {name: t, description: d, parameters: {type: object}, returns: {}, strict: true}
  - {ref: refund.tool.json}
tool_choice: {name: t}
messages:
  - {role: system, content: {file: a.md.j2}, cache: true, when: a}
  - role: user
    name: n
    content:
      - {text: hi, when: a}
      - {image: {input: a}, detail: low}
      - {image: {url: "https://x.example/y.png"}}
      - {audio: {file: ./a.wav}}
      - {document: {input: c}, title: t}
  - {role: assistant, tool_calls: [{id: i, name: t, arguments: {}}]}
  - {role: tool, tool_call_id: i, content: "1"}
  - {for_each: c, as: e, messages: [{role: user, content: "{{ e }}"}]}
  - {history: c, last: 20}
tests:
  - {file: a.cases.jsonl}
  - name: n
    tags: [adversarial]
    inputs: {a: b}
    expected: {x: 1}
    rendered:
      - {type: contains, role: system, value: x}
      - {type: message-count, value: 2}
    output:
      - {type: equals, path: /category, value: null}
      - {type: not-contains-all, value: [x]}
      - {type: is-json, must: true}
      - {type: tool-call, name: t, arguments: {a: 1}}
      - {type: tool-calls, value: [t, {name: u}]}
      - {type: word-count, value: {max: 9}}
      - {type: json-schema, value: {type: object}}
      - {type: all, value: [{type: regex, value: x}], weight: 2, threshold: 0.5, score: s}
      - {type: llm-rubric, value: polite, transform: output}
evaluation: {assertions: [{type: refuses}], repeats: 3, margin: 2.5, score: s, judge: j, budget: 1}
"""


def test_every_field_in_every_form_fits() -> None:
    assert shape(EVERYTHING) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mesages: []", ("3:1-8", "unknown key `mesages`", "did you mean `messages`?")),
        ("zzz: 1", ("3:1-4", "unknown key `zzz`", None)),
        ("status: activ", (
            "3:9-14",
            "expected one of draft, active, deprecated, got the string `activ`",
            "did you mean `active`?",
        )),
        ("title: 1.10", ("3:8-12", "expected a string, got the number 1.1", "quote it")),
        ("title:", ("3:1-6", "expected a string, got null", None)),
        ("owners: a", (
            "3:9-10", "expected a list, got the string `a`", 'write `["a"]`')),
        ("tags: [a, a]", ("3:7-13", "this list contains the same item twice", "remove one")),
        ("tags: ['']", (
            "3:8-10", "expected a non-empty string, got an empty string", None)),
        ("budget: {cost_usd: 0}", (
            "3:20-21", "expected more than 0, got the number 0", None)),
        ("evaluation: {retrieve: {a: ./search.py}}", (
            "3:28-39",
            "the string `./search.py` does not fit the pattern"
            " `^[^:]+[.]py:[A-Za-z_][A-Za-z0-9_]*$`",
            "write `FILE:FUNCTION`, such as `./search.py:find`")),
        ("evaluation: {probes: {decision: category}}", (
            "3:33-41", "expected a JSON pointer, got the string `category`",
            "write `/category`")),
        ("budget: {tokens: 1}", ("3:10-16", "unknown key `tokens`",
                                 "did you mean `input_tokens`?")),
        ("sunset: soon", (
            "3:9-13",
            "expected a date, YYYY-MM-DD, got the string `soon`", None)),
        ("cases: []", ("3:1-6", "unknown key `cases`", "write test cases under `tests`")),
        ("model: {profile: a, id: b}", ("3:21-23", "can't combine `id` with `profile`", None)),
        ("model: {id: b}", ("3:9-11", "`provider` is missing", None)),
        ("model: {params: {temprature: 1}}", (
            "3:18-28", "unknown key `temprature`", "did you mean `temperature`?")),
        ("model: {params: {seed: 9007199254740992}}", (
            "3:24-40", "9007199254740992 is an integer beyond 9007199254740991",
            "other languages can't read it exactly: use a smaller one, or quote it")),
        ("model: {provider_options: {a: {b: [1, -9007199254740993]}}}", (
            "3:39-56", "-9007199254740993 is an integer beyond 9007199254740991",
            "other languages can't read it exactly: use a smaller one, or quote it")),
        ("inputs: {ticket: {type: string}}", (
            "3:10-16", "unknown key `ticket`", "declare inputs under `properties`")),
        ("inputs: {properties: {a-b: {}}}", (
            "3:23-26", "`a-b` can't be a name in a template",
            "write A-Z, a-z, 0-9 and `_`, not beginning with a digit")),
        ("inputs: {properties: {na\u043ce: {}}}", (
            "3:23-27",
            "`na\u043ce` can't be a name in a template:"
            " `\u043c` is U+043C CYRILLIC SMALL LETTER EM",
            "write A-Z, a-z, 0-9 and `_`, not beginning with a digit")),
        ("inputs: {properties: {a: text}}", (
            "3:26-30", "expected true or false or a mapping, got the string `text`",
            "write `{type: string}`")),
        ("output: {format: xml}", (
            "3:18-21", "expected one of text, json, markdown, got the string `xml`", None)),
        ("tools: [{description: d}]", ("3:10-21", "`name` is missing", None)),
        ("tools: [{ref: a, name: b}]", ("3:18-22", "can't combine `name` with `ref`", None)),
        ("tests: [{inputs: {}}]", ("3:10-16", "`name` is missing", None)),
        ("tests: [{file: a, name: b}]", ("3:19-23", "can't combine `name` with `file`", None)),
        ("tests: [{name: a, rendered: [{type: contians, value: b}]}]", (
            "3:37-45", "the string `contians` is not a known value", "did you mean `contains`?")),
        ("tests: [{name: a, output: [{type: includes, value: b}]}]", (
            "3:35-43", "the string `includes` is not a known value", "write `contains`")),
        ("tests: [{name: a, output: [{type: not-javascript, value: b}]}]", (
            "3:35-49", "the string `not-javascript` is not a known value",
            "write `not-expr`, or `python` for code")),
        ("tests: [{name: a, output: [{type: nonsense, value: b}]}]", (
            "3:35-43", "the string `nonsense` is not a known value",
            "such as contains, equals, regex, is-json, json-schema, expr, python or llm-rubric")),
        ("model: {params: {temperature: '0,2'}}", (
            "3:31-36", "expected a number, got the string `0,2`", "write 0.2, without quotes")),
        ("model: {params: {temperature: 0,2}}", (
            "3:33-34", "unknown key `2`", "write a decimal number with a point, such as `0.2`")),
        ("budget: {input_tokens: 4k}", (
            "3:24-26", "expected a whole number, got the string `4k`",
            "write 4000, without quotes")),
        ("status: released", (
            "3:9-17", "expected one of draft, active, deprecated, got the string `released`",
            "write `active`")),
        ("output: {type: object}", (
            "3:10-14", "unknown key `type`",
            "write the JSON Schema under `schema`: `{format: json, schema: {type: object, …}}`")),
        ("inputs: {properties: {a: str}}", (
            "3:26-29", "expected true or false or a mapping, got the string `str`",
            "write `{type: string}`")),
        ("tests: [{name: a, rendered: [contains x]}]", (
            "3:30-40", "expected a mapping, got the string `contains x`",
            "write `{type: contains, value: …}`")),
        ("tests: [{name: a, rendered: [{contains: x}]}]", (
            "3:31-39", "unknown key `contains`", "write `type: contains, value: …`")),
        ("tests: [{name: a, inputs: [x]}]", (
            "3:27-30", "expected a mapping, got a list",
            "write the inputs by name: `{ticket: …}`")),
        ("tests: [{name: a, assert: []}]", (
            "3:19-25", "unknown key `assert`",
            "write `output` for the model's answer, or `rendered` for the request")),
        ("tests: [{name: a, vars: {b: c}}]", ("3:19-23", "unknown key `vars`", "write `inputs`")),
        ("tests: [{name: a, output: [{type: is-json, path: '$.tools[0].name'}]}]", (
            "3:50-67", "expected a JSON pointer, got the string `$.tools[0].name`",
            "write `/tools/0/name`")),
        ("tests: [{name: a, output: [{type: is-json, path: tools/0/name}]}]", (
            "3:50-62", "expected a JSON pointer, got the string `tools/0/name`",
            "write `/tools/0/name`")),
        ("tests: [{name: a, rendered: [{type: contains, vlaue: b}]}]", (
            "3:47-52", "unknown key `vlaue`", "did you mean `value`?")),
        ("tests: [{name: a, rendered: [{type: contains}]}]", (
            "3:31-35", "`value` is missing", None)),
        ("tests: [{name: a, rendered: [{type: contains, value: ''}]}]", (
            "3:54-56", "expected a non-empty string, got an empty string", None)),
        ("tests: [{name: a, rendered: [{type: contains-any, value: []}]}]", (
            "3:58-60", "expected a list of at least 1, got an empty list", None)),
        ("tests: [{name: a, rendered: [{value: x}]}]", (
            "3:31-36", "`type` is missing", "write `{type: contains, value: …}`")),
        ("tests: [{name: a, rendered: [{type: is-json, name: x}]}]", (
            "3:46-50", "can't combine `name` with `type`", None)),
        ("tests: [x]", ("3:9-10", "expected a mapping, got the string `x`", None)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(
    line: str, expected: tuple[str, str, str | None]
) -> None:
    assert shape(f"{HEAD}{line}\n") == [expected]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("{rolle: user, content: a}", [
            ("2:14-19", "unknown key `rolle`", "did you mean `role`?")]),
        ("{role: bot, content: a}", [
            ("2:20-23", "expected one of system, developer, user, assistant, tool, "
             "got the string `bot`", "write `assistant`")]),
        ("{role: user}", [("2:14-18", "`content` is missing", None)]),
        ("{}", [("2:13-15", "`content` is missing", None), ("2:13-15", "`role` is missing", None)]),
        ("{role: user, content: 3}", [
            ("2:35-36", "expected a string or a list or a mapping, got the number 3", None)]),
        ("{role: user, content: {fil: a}}", [
            ("2:36-39", "unknown key `fil`", "did you mean `file`?")]),
        ("{role: user, content: [{txt: a}]}", [
            ("2:37-40", "unknown key `txt`", "did you mean `text`?")]),
        ("{role: user, content: [{detail: low}]}", [
            ("2:37-43", "one of `text`, `image`, `audio`, `document` is missing", None)]),
        ("{role: user, content: [{text: a, audio: {url: b}}]}", [
            ("2:37-41", "only one of `text`, `audio` is allowed", None)]),
        ("{role: user, content: [{image: {}}]}", [
            ("2:44-46", "one of `input`, `url`, `file` is missing", None)]),
        ("{for_each: a}", [("2:14-22", "`as` is missing", None),
                           ("2:14-22", "`messages` is missing", None)]),
        ("{history: a, role: user}", [
            ("2:26-30", "can't combine `role` with `history`", None)]),
        ("{for_each: a, as: b, messages: [{history: c}]}", [
            ("2:46-53", "`content` is missing", None),
            ("2:46-53", "`role` is missing", None),
            ("2:46-53", "unknown key `history`",
             "known keys: cache, content, name, role, tool_call_id, tool_calls, when")]),
        ("hello", [("2:13-18", "expected a mapping, got the string `hello`", None)]),
    ],
)  # fmt: skip
def test_wrong_messages_are_told(message: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert shape(f"format: promptops/1\nmessages: [ {message}]\n") == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("messages: [{role: user, content: a}]", [("1:1-9", "`format` is missing", None)]),
        ("format: promptops/1", [("1:1-7", "`messages` is missing", None)]),
        ("format: promptops/2\nmessages: [{role: user, content: a}]", [
            ("1:9-20", "expected `promptops/1`, got the string `promptops/2`", None)]),
        ("format: promptops/1\nmessages: []", [
            ("2:11-13", "expected a list of at least 1, got an empty list",
             "write `[{role: user, content: …}]`")]),
        ("format: promptops/1\nmessages: [{user: a}]", [
            ("2:13-17", "unknown key `user`", "write `role: user` and `content`")]),
        ("{}", [("1:1-3", "`format` is missing", None), ("1:1-3", "`messages` is missing", None)]),
    ],
)  # fmt: skip
def test_what_every_prompt_file_needs_is_asked_for(
    source: str, expected: list[tuple[str, str, str | None]]
) -> None:
    assert shape(source) == expected


def test_everything_wrong_is_told_in_the_order_of_the_file() -> None:
    found = shape(f"{HEAD}titel: a\nstatus: x\nbudget: {{x: 1, y: 2}}\nmodel: 1\n")

    assert [place.partition("-")[0] for place, _, _ in found] == [
        "3:1",
        "4:9",
        "5:10",
        "5:16",
        "6:8",
    ]


def test_a_variant_may_remove_keys_and_leave_out_what_its_parent_has() -> None:
    source = "format: promptops/1\nextends: ./a.prompt.yaml\nbudget:\nmodel: {id: x}\n"

    assert shape(source) == []


def test_a_variant_is_checked_for_what_it_says_itself() -> None:
    source = "extends: a\nmesages: []\nmodel: {id: 3}\nmessages: [{role: user}]\n"

    assert [message for _, message, _ in shape(source)] == [
        "`format` is missing",
        "unknown key `mesages`",
        "expected a string, got the number 3",
        "`content` is missing",
    ]


def test_a_merged_prompt_is_checked_whole() -> None:
    document = read("a", b"format: promptops/1\nextends: a\nmodel: {id: x}\n")
    merged = {**document.value, "messages": [{"role": "user", "content": "a"}]}

    assert told(check_prompt(merged, document.place)) == [("3:9-11", "`provider` is missing", None)]


def test_a_case_of_a_file_is_checked_at_its_pointer() -> None:
    document = read("a", b"cases: [{}]\n")

    assert told(check_case({}, document.place, "/cases/0")) == [
        ("1:9-11", "`name` is missing", None)
    ]


def test_a_file_that_could_not_be_read_is_not_checked() -> None:
    assert check_shape(read("a", b"[")) == ()


def test_checking_a_shape_does_not_import_jsonschema() -> None:
    import subprocess

    code = (
        "import sys; from promptops.source.document import read;"
        "from promptops.source.shape import check_shape; check_shape(read('a', b'a: 1'));"
        "print('jsonschema' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "the number 1.5"),
        ("a\nb", "the string `a\\nb`"),
        ("x " * 25, f"the string `{'x ' * 19}x…`"),
        ("x" * 50, f"the string `{'x' * 12}…`"),
        ([1], "a list"),
        ({}, "an empty mapping"),
    ],
)
def test_values_have_names_for_people(value: object, name: str) -> None:
    assert type_name(value) == name


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("{x}", ("expected a string, got a mapping", "write the expression without braces: `x`")),
        ("{x: 1}", ("expected a string, got a mapping", None)),
        ("{x, y}", ("expected a string, got a mapping", None)),
        ("true", ("expected a string, got true", "quote it")),
    ],
)
def test_a_when_in_braces_names_the_expression_to_write(
    when: str, found: tuple[str, str | None]
) -> None:
    source = f"format: promptops/1\nmessages:\n  - role: user\n    when: {when}\n    content: a\n"

    assert [each[1:] for each in shape(source)] == [found]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("name: x", "the id of a prompt is the path of its file; a name for people is its `title`"),
        ("version: 2", "a prompt has the version of its release, a git tag"),
        ("prompt: x", "write it as a message: `messages: [{role: user, content: …}]`"),
        (
            "variables: [a]",
            "declare them under `inputs`: `inputs: {properties: {ticket: {type: string}}}`",
        ),
        ("temperature: 0", "write `model: {params: {temperature: …}}`"),
        (
            "testData: []",
            "write the rows under `tests`; or convert files of other tools: promptops import FILE",
        ),
        ("model: gpt-5", "write `{profile: NAME}`, or `{provider: openai, id: gpt-5.4-mini}`"),
        ("model: {max_tokens: 9}", "write it under `params`: `{params: {max_output_tokens: …}}`"),
        ("inputs: [a]", "declare inputs under `properties`"),
        ("tool_choice: find", "to require one tool, write `{name: NAME}`"),
        ("tool_choice: requierd", "did you mean `required`?"),
        ("tools: [{name: f, input_schema: {}}]", "write `parameters`"),
    ],
)
def test_words_of_other_tools_have_a_hint(line: str, hint: str) -> None:
    assert [found[2] for found in shape(f"{HEAD}{line}\n")] == [hint]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("tags: shop", 'write `["shop"]`'),
        ("tags: a-word-of-more-than-forty-characters-may-be-a-key", None),
        ("budget: {input_tokens: '4,000'}", "write 4000, without quotes"),
        ("budget: {input_tokens: '0.5'}", None),
        ("budget: {input_tokens: '007'}", None),
        ("budget: {input_tokens: 0.5s}", None),
        ("budget: {input_tokens: 1.5 sec}", None),
        ("budget: {input_tokens: 1.5k}", "write 1500, without quotes"),
        ("budget: {input_tokens: 1.00012k}", None),
        (f"budget: {{input_tokens: {'9' * 40}s}}", None),
        ("budget: {input_tokens: 30s}", "write 30, without quotes"),
        ("budget: {cost_usd: 0.5 USD}", "write 0.5, without quotes"),
        ("budget: {cost_usd: 0.00015k}", "write 0.15, without quotes"),
        ("budget: {cost_usd: '0.5'}", "write 0.5, without quotes"),
        ("budget: {cost_usd: '.5'}", None),
        ("evaluation: {probes: {max: 60%}}", "write 60, without quotes"),
        ("evaluation: {output: no}", "write `false`, without quotes"),
        ("evaluation: {margin: auto}", "write percentage points, such as `margin: 3`"),
        ("evaluation: {margin: 0}", "write percentage points, such as `margin: 3`"),
        ("evaluation: {margin: 101}", "write percentage points, such as `margin: 3`"),
        ("output: {format: JSON}", "did you mean `json`?"),
        ("evaluation: {assertions: [{contains: a}]}", "write `type: contains, value: …`"),
        ("messages: hello", "write `[{role: user, content: …}]`"),
    ],
)
def test_the_hint_for_a_value_of_another_type_can_be_pasted(line: str, hint: str | None) -> None:
    head = "" if line.startswith("messages") else "messages: [{role: user, content: hi}]\n"

    assert shape(f"format: promptops/1\n{head}{line}\n")[-1][2] == hint
