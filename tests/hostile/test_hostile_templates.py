"""Templates and partials that never end, read files, include themselves, or are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tiers import fast_spread

PATH = "prompts/bad.prompt.yaml"
PARTIAL = "prompts/partials/p.j2"
HEAD = 'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\n'
CASE = "tests:\n  - name: one\n    rendered: [{type: message-count, value: 1}]\n"


def template(text: str) -> dict[str, str | bytes]:
    body = text.replace("\n", "\n      ")
    return {PATH: f"{HEAD}messages:\n  - role: user\n    content: |\n      {body}\n{CASE}"}


def partial(content: str | bytes) -> dict[str, str | bytes]:
    return {**template('{% include "partials/p.j2" %}'), PARTIAL: content}


def body(content: str | bytes) -> dict[str, str | bytes]:
    message = "messages:\n  - {role: user, content: {file: partials/p.j2}}\n"
    return {PATH: HEAD + message + CASE, PARTIAL: content}


def media(written: str) -> dict[str, str | bytes]:
    message = f"messages:\n  - {{role: user, content: [{{image: {{file: {written}}}}}]}}\n"
    return {PATH: HEAD + message + CASE, "prompts/big.png": b"abc" * 1_000_000}


def tree_of_includes(wide: int, deep: int) -> dict[str, str | bytes]:
    return {
        **template('{% include "partials/p0.j2" %}'),
        **{
            f"prompts/partials/p{n}.j2": f'{{% include "partials/p{n + 1}.j2" %}}' * wide
            for n in range(deep)
        },
    }


LOOPS = "{% for a in range(9999) %}" * 4 + "x" + "{% endfor %}" * 4
DOUBLES = "".join(
    f"{{% macro m{n}() %}}{{{{ m{n + 1}() }}}}{{{{ m{n + 1}() }}}}{{% endmacro %}}"
    for n in range(40)
)
BRANCHES = "{% if a %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}" * 400

FILES: dict[str, dict[str, str | bytes]] = {
    "autoescape": template("{% autoescape true %}{{ x }}{% endautoescape %}"),
    "autoescape-without-end": template("{% autoescape %}"),
    "never-ends": template(LOOPS),
    "reads-classes": template("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    "includes-outside": template("{% include '/etc/passwd' %}{% include '../../../etc/passwd' %}"),
    "includes-the-prompt-file": template("{% include 'bad.prompt.yaml' %}"),
    "includes-a-missing-file-2500-times": template("{% include 'nope.md.j2' %}" * 2_500),
    "calls-itself": template("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
    "doubles-40-times": template(DOUBLES + "{{ m0() }}"),
    "20000-parentheses": template("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}"),
    "2000-ifs": template("{% if 1 %}" * 2000 + "x" + "{% endif %}" * 2000),
    "5000-unclosed-ifs": template("{% if 1 %}" * 5000),
    "30000-variables": template("{{ x }}" * 30_000),
    "27-messages-of-6500-variables": {
        PATH: HEAD + "messages:\n" + ('  - {role: user, content: "' + "{{x}}" * 6500 + '"}\n') * 27
    },
    "600-includes-of-600-of-600": tree_of_includes(600, 3)
    | template('{% include "partials/p0.j2" %}' * 600),
    "powers": template("{{ 9**9**9 }}{{ 'a'*10**9 }}"),
    "400-branches": template("{% set x = 1 %}" + BRANCHES + "{{ x }}"),
    "10000-attributes": template("{{ a" + ".b" * 10_000 + " }}"),
    "10000-joined": template("{{ " + "~".join(["a"] * 10_000) + " }}"),
    "9000-alternatives": template("{{ " + " or ".join(["a"] * 9000) + " }}"),
    "3000-conditions": template("{{ " + "a if b else " * 3000 + "c }}"),
    "9000-filters": template("{{ a" + "|upper" * 9000 + " }}"),
    "900-lists": template("{{ " + "[" * 900 + "]" * 900 + " }}"),
    "50000-open-comments": template("{#" * 50_000),
    "50000-raws": template("{% raw %}" * 20_000),
    "when-nested-3000-deep": {
        PATH: f'{HEAD}messages:\n  - {{role: user, content: x, when: "{"(" * 3000}"}}\n'
    },
    "names-with-escapes": {
        PATH: HEAD + 'messages:\n  - {role: user, content: "{{ a\\e[31m\\u202e }}"}\n'
    },
    "20-to-the-8-includes": tree_of_includes(20, 8),
    "partial-includes-itself": partial('{% include "partials/p.j2" %}'),
    "partial-is-binary": partial(bytes(range(256)) * 10),
    "partial-of-300-kb": partial("x" * 300_000),
    "partial-of-300-kb-of-tags": partial("{{ x }} " * 40_000),
    "partial-with-nul": partial("a\0b\n"),
    "partial-with-escapes": partial("a\x1b[31mb\u202e\n::error::x\n"),
    "partial-of-5-mb": partial("word " * 1_000_000),
    "partial-is-a-folder": {
        **template('{% include "partials/p.j2" %}'),
        f"{PARTIAL}/x": "x",
    },
    "partial-is-missing": template('{% include "partials/p.j2" %}'),
    "body-is-binary": body(b"\xff\0\xfe"),
    "body-of-3-mb": body(b"ab " * 1_000_000),
    "body-outside": {PATH: HEAD + "messages:\n  - {role: user, content: {file: /etc/passwd}}\n"},
    "media-of-3-mb": media("big.png"),
    "media-outside": media("../../../etc/passwd"),
    "media-is-missing": media("nope.png"),
}


@pytest.mark.parametrize("files", fast_spread(FILES.values(), 7), ids=FILES)
def test_a_template_that_means_harm_is_told_at_its_place(
    files: dict[str, str | bytes], outcome: Any, same_as_golden: Callable[[str], None]
) -> None:
    same_as_golden(outcome(files))
