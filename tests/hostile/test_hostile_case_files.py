"""Case files that are none, and cases whose names and values mean harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tiers import fast_spread

PATH = "prompts/bad.prompt.yaml"
HEAD = 'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\n'
GOOD = '{"name":"a","inputs":{"a":"x"},"rendered":[{"type":"contains","value":"x"}]}\n'
NAMES = ("a\\e[31m", "b\\u202e", "::error::x", "c\\n::warning::y", "-rf", "##[error]x")


def cases(ending: str, content: str | bytes) -> dict[str, str | bytes]:
    start = f"{HEAD}inputs: {{required: [a], properties: {{a: {{type: string, maxLength: 9}}}}}}\n"
    message = 'messages:\n  - {role: user, content: "{{ a }}"}\n'
    return {
        PATH: f"{start}{message}tests:\n  - {{file: c.{ending}}}\n",
        f"prompts/c.{ending}": content,
    }


def named() -> str:
    each = "  - {{name: \"{0}\", rendered: [{{type: contains, value: 'y'}}]}}\n"
    message = "messages:\n  - {role: user, content: x}\ntests:\n"
    return HEAD + message + "".join(each.format(name) for name in NAMES)


FILES: dict[str, dict[str, str | bytes]] = {
    "jsonl-of-other-things": cases("jsonl", GOOD + '{oops\n{"name":7}\n[1]\n7\nnull\n"x"\n'),
    "jsonl-nested-100000-deep": cases(
        "jsonl", '{"name":"b","inputs":{"a":' + "[" * 100_000 + "]" * 100_000 + "}}\n" + GOOD
    ),
    "jsonl-nested-60-deep": cases("jsonl", '{"name":"b","inputs":' + '{"a":' * 60 + "1" + "}" * 61),
    "jsonl-with-duplicate-keys": cases("jsonl", '{"name":"a","name":"b","inputs":{"a":"x"}}\n'),
    "jsonl-with-no-numbers": cases(
        "jsonl",
        '{"name":"a","inputs":{"a":NaN}}\n{"name":"b","inputs":{"a":1e999}}\n'
        '{"name":"c","inputs":{"a":' + "9" * 5000 + "}}\n",
    ),
    "jsonl-with-half-a-character": cases("jsonl", '{"name":"a\\ud800","inputs":{"a":"\\udfff"}}\n'),
    "jsonl-with-escapes": cases(
        "jsonl",
        '{"name":"a\\u001b[31m\\u202e\\n::error::x","inputs":{"a":"\\u001b]0;x\\u0007",'
        '"nope\\u001b":1}}\n',
    ),
    "jsonl-of-5-mb": cases("jsonl", GOOD * 60_000),
    "jsonl-in-one-line": cases("jsonl", '{"name":"a","inputs":{"a":"' + "x" * 1_000_000 + '"}}\n'),
    "jsonl-of-12000-cases": cases("jsonl", GOOD * 12_000),
    "jsonl-of-30000-wrong-cases": cases("jsonl", '{"name":7,"inputs":{"b":"x"}}\n' * 30_000),
    "jsonl-of-300000-nothings": cases("jsonl", "{}\n" * 300_000),
    "jsonl-is-empty": cases("jsonl", ""),
    "jsonl-is-binary": cases("jsonl", b"\xff\xfe\0\0"),
    "csv-with-wrong-columns": cases("csv", 'name,inputs.a,inputs.a,wat\n"unclosed,x\n'),
    "csv-with-a-huge-field": cases("csv", "name,inputs.a\nx," + "y" * 200_000 + "\n"),
    "csv-of-100000-columns": cases("csv", "name" + ",inputs.a" * 100_000 + "\n" + "x," * 1000),
    "csv-with-wrong-json": cases(
        "csv", "name,inputs.a:json\nx," + "[" * 100_000 + "\ny,NaN\nz,{\n"
    ),
    "csv-with-an-open-quote": cases("csv", 'name,inputs.a\nx,"' + '""' * 50_000 + "\n"),
    "csv-with-escapes": cases("csv", 'name,inputs.a\n"\u202e::error::",x\n'),
    "csv-of-100000-rows": cases("csv", "name,inputs.a\n" + "x,y\n" * 100_000),
    "csv-of-commas": cases("csv", "," * 500_000),
    "csv-of-newlines": cases("csv", "\n" * 900_000),
    "yaml-that-is-a-mapping": cases("yaml", "a: b"),
    "yaml-nested-5000-deep": cases("yaml", "- " * 5000 + "x"),
    "yaml-with-an-alias": cases("yaml", "- {name: a, inputs: *x}\n"),
    "yaml-of-other-things": cases("yaml", "- 7\n- [a]\n- null\n- {name: [x], inputs: [y]}\n"),
    "yaml-of-assertions-that-are-text": cases("yaml", "- name: a\n  rendered: [text]\n"),
    "yaml-of-assertions-that-are-text-behind-others": cases(
        "yaml",
        "- {nope: 1}\n" * 300 + "- {name: a, inputs: {a: x}, rendered: [text], output: [1]}\n",
    ),
    "yaml-with-numbers-without-end": cases(
        "yaml", "- {name: a, inputs: {a: 1e999}}\n- {name: b, inputs: {a: .nan}}\n"
    ),
    "csv-with-numbers-without-end": cases("csv", "name,inputs.a:json\nx,1e999\ny,-Infinity\n"),
    "yaml-of-60000-items": cases("yaml", "- {}\n" * 60_000),
    "unknown-ending": cases("txt", "a: b"),
    "has-a-name-of-300-characters": {
        PATH: f"{HEAD}messages: [{{role: user, content: x}}]\ntests: [{{file: {'c' * 300}.csv}}]\n"
    },
    "has-a-name-of-5000-characters": {
        PATH: f"{HEAD}messages: [{{role: user, content: x}}]\ntests: [{{file: {'c' * 5000}.csv}}]\n"
    },
    "is-missing": {
        PATH: f"{HEAD}messages: [{{role: user, content: x}}]\ntests: [{{file: n.csv}}]\n"
    },
    "is-outside": {
        PATH: f"{HEAD}messages: [{{role: user, content: x}}]\ntests: [{{file: /etc/passwd.csv}}]\n"
    },
    "inputs-nested-44-deep": {
        PATH: f"{HEAD}inputs: {{properties: {{a: {{}}}}}}\n"
        'messages:\n  - {role: user, content: "{{ a }}"}\ntests:\n  - name: one\n'
        f"    inputs: {{a: {'[' * 44}1{']' * 44}}}\n"
        '    rendered: [{type: contains, value: "1"}]\n'
    },
    "names-that-are-commands": {PATH: named()},
}


@pytest.mark.parametrize("files", fast_spread(FILES.values(), 10), ids=FILES)
def test_a_case_file_that_means_harm_is_told_at_its_place(
    files: dict[str, str | bytes], outcome: Any, same_as_golden: Callable[[str], None]
) -> None:
    same_as_golden(outcome(files))
