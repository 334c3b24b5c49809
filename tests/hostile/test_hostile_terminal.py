"""What strangers wrote reaches no terminal and no log as it is, whatever command shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.tiers import fast_spread

EVIL = "e\x1b[31m\x9b2J\u202e\u2066\u200b\x07\r\n::error::x\n##[error]x\n  ::add-mask::x"
QUOTED = json.dumps(EVIL)  # a JSON text is a YAML text, too
PROMPT = f"""\
format: promptops/1
title: {QUOTED}
description: {QUOTED}
owners: [{QUOTED}]
tags: [{QUOTED}]
metadata: {{{QUOTED}: {QUOTED}}}
aliases: [{QUOTED}]
model: {{provider: {QUOTED}, id: {QUOTED}}}
inputs:
  properties:
    ticket: {{type: string, description: {QUOTED}, enum: [{QUOTED}, a]}}
tools:
  - {{name: t, description: {QUOTED}, parameters: {{properties: {{{QUOTED}: {{}}}}}}}}
messages:
  - {{role: user, name: {QUOTED}, content: {QUOTED}}}
  - {{role: user, content: "{{{{ ticket }}}} {{{{ nobody }}}}"}}
  - {{role: assistant, content: hi, tool_calls: [{{id: a, name: t, arguments: {{{QUOTED}: 1}}}}]}}
tests:
  - name: {QUOTED}
    inputs: {{ticket: {QUOTED}}}
    tags: [{QUOTED}]
    rendered:
      - {{type: contains, value: {QUOTED}}}
      - {{type: regex, value: {QUOTED}}}
      - {{type: equals, value: {QUOTED}}}
  - name: {json.dumps("two " + EVIL)}
    inputs: {{{QUOTED}: {QUOTED}}}
    rendered: [{{type: contains, value: {QUOTED}}}]
"""
RENDERED = PROMPT.replace(" {{ nobody }}", "")
FILES = {
    "prompts/evil.prompt.yaml": PROMPT,
    "prompts/rendered.prompt.yaml": RENDERED,
    "prompts/\x1b[31m::error::\u202e\n::x.prompt.yaml": PROMPT,
    "prompts/\r::error::x/a.prompt.yaml": PROMPT + "\x1b[31m: 1\n",
    "prompts/keys.prompt.yaml": PROMPT + f"{QUOTED}: 1\n",
    "prompts/partials/\u202e::error::.j2": "{{ nobody }}" + EVIL,
    "channels.yaml": f"{QUOTED}: {QUOTED}\n",
}
CONFIGURATION = f"""\
[models.{QUOTED}]
provider = "a"
id = {QUOTED}
[[lint.rules]]
code = "X001"
name = "xxx"
kind = "existence"
tokens = ["hi"]
message = {QUOTED}
severity = "error"
"""
LINT = ("full", "concise", "json", "json-lines", "github", "gitlab", "sarif", "junit", "markdown")
COMMANDS = [
    *(("lint", "--no-cache", "--format", form) for form in LINT),
    ("lint", "--statistics"),
    ("lint", "--why"),
    ("lint", "--staged", "--why"),
    ("check",),
    ("check", "--why"),
    ("check", "--format", "json"),
    ("check", "--format", "markdown"),
    ("list",),
    ("list", "--format", "json"),
    ("rule", "X001"),
    ("rule",),
    ("doctor",),
    *(("render", name) for name in ("rendered", "evil", "keys", EVIL)),
    *(("render", "--resolved", name) for name in ("rendered", "evil", "keys", EVIL)),
    *(("render", "rendered", "--format", form) for form in ("json", "openai")),
    ("render", "rendered", "--annotate"),
    ("render", "rendered", "--annotate", "--format", "json"),
    ("render", "rendered", "--case", "two"),
    ("render", "rendered", "--case", "nope"),
    ("render", "rendered", "--input", f"ticket={EVIL}"),
    ("render", "rendered", "--input", f"{EVIL}=1"),
    ("render", "rendered", "--input", EVIL),
    ("render", "rendered", "--resolved", "--format", "json"),
    ("lint", EVIL),
    ("lint", "--rule", EVIL),
    ("lint", "--select", f"tag:{EVIL}"),
    ("lint", "--since", EVIL),
    ("lint", "--format", EVIL),
    ("lint", "--config", EVIL),
    ("lint", "--config", f"{json.dumps('x' + EVIL)} = 1"),
    ("lint", f"--{EVIL}"),
    ("lint", "--fail-on", EVIL),
    ("rule", EVIL),
    ("new", EVIL),
    ("-C", EVIL, "lint"),
    ("lint", "-C", EVIL),
    (EVIL,),
]


@pytest.fixture
def evil(repo: Any) -> Any:
    repo.write({**FILES, "promptops.toml": CONFIGURATION})
    repo.git("add", "--all")
    return repo


@pytest.mark.parametrize(
    "arguments", fast_spread(map(list, COMMANDS), 20), ids=lambda words: ascii(" ".join(words))[:60]
)
def test_no_control_character_and_no_command_reaches_the_output(
    arguments: tuple[str, ...], evil: Any, command: Callable[..., Any]
) -> None:
    ended = command(*arguments)

    if ended.code in (2, 3, 4):
        assert ended.err.count("error: ") == 1
    if "json" in arguments or "sarif" in arguments or "gitlab" in arguments:
        json.loads(ended.out)
    if "junit" in arguments:
        ElementTree.fromstring(ended.out)


@pytest.mark.parametrize("name", ["promptops.toml", "pyproject.toml"])
def test_a_configuration_shows_nothing_as_it_is(
    name: str, evil: Any, command: Callable[..., Any]
) -> None:
    table = "[tool.promptops]\n" if name == "pyproject.toml" else ""
    (evil.root / "promptops.toml").unlink()
    for text in (
        f"{QUOTED} = 1\n",
        f"a = {EVIL}\n",
        f"prompts = [{QUOTED}]\n",
        f"prompts = {QUOTED}\n",
    ):
        evil.write({name: table + text})
        for arguments in (("lint",), ("check",), ("list",)):
            assert command(*arguments).code in (0, 3)
