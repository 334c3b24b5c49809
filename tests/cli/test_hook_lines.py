"""The hooks' command lines mean the same with click and without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from promptops.cli.group import group
from promptops.cli.main import HOOK_LINES, hook_arguments, hook_output, run
from promptops.commands.lint import command
from promptops.commands.lint.linting import LintArguments
from promptops.records import fields
from tests.tiers import fast_spread

ROOT = Path(__file__).parents[2]
OF_OUTPUT = {"directory": Path(), "chosen": (), "quiet": False, "no_color": False, "overrides": ()}
GENERAL = "import promptops.cli.main as m; m.HOOK_LINES = {}; m.main()"
FAST = "import promptops.cli.main as m; m.main()"


def read_by_click(line: tuple[str, ...]) -> dict[str, Any]:
    """The parameters that click passes to the command."""
    parent = click.Context(group, info_name="promptops", **group.context_settings)
    return command.command.make_context("lint", list(line[1:]), parent=parent).params


@pytest.mark.parametrize("line", HOOK_LINES)
def test_click_reads_the_same_arguments(line: tuple[str, ...]) -> None:
    parameters = read_by_click(line)

    assert {name: parameters.pop(name) for name in OF_OUTPUT} == OF_OUTPUT
    assert LintArguments(**parameters) == hook_arguments(list(line))


def test_the_defaults_are_those_of_click() -> None:
    parameters = read_by_click(("lint",))
    options = {name: value for name, value in parameters.items() if name not in OF_OUTPUT}

    assert options.keys() == {each.name for each in fields(LintArguments)}
    assert LintArguments(**options) == LintArguments()


def test_the_output_is_that_of_a_line_without_options() -> None:
    made = hook_output()

    assert (made.directory, made.formats, made.quiet) == (Path(), (("full", "-"),), False)
    assert made.overrides == ()
    assert made.color is False


ASK = """\
format: promptops/1
description: Answer a question.
model: {provider: openai, id: gpt-5.4-mini-2026-03-17, params: {max_output_tokens: 200}}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 200}
    brief: {type: boolean, default: true}
messages:
  - role: user
    content: |
      {% if brief %}Be brief.{% endif %}
      {{ question }}
"""
HEAVY = str.split(
    "click dataclasses inspect pkgutil subprocess tempfile shlex"
    " jinja2.compiler jinja2.filters jinja2.loaders jinja2.sandbox yaml.loader yaml.resolver"
)
MAX_MODULES = 225


def test_a_hook_imports_what_a_plain_prompt_needs(repo: Any) -> None:
    repo.write({"a.txt": "a"})
    repo.commit("first")
    repo.write({"prompts/ask.prompt.yaml": ASK, "promptops.toml": 'prompts = ["prompts"]\n'})
    repo.git("add", ".")
    script = (
        "import sys; from promptops.cli.main import run; code = run(['lint', '--staged']);"
        f"ran = {{each for each, m in sys.modules.items() if type(m).__name__ == 'module'}};"
        f"print(sorted(ran.intersection({HEAVY!r})), code);"
        "print(sum(each.startswith('promptops.') for each in ran))"
    )

    out = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {script}"],
        cwd=repo.root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert out[-2] == "[] 0"
    assert int(out[-1]) <= MAX_MODULES


def test_every_lint_hook_of_the_manifest_is_known() -> None:
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    entries = [tuple(each["entry"].split()[1:]) for each in manifest]

    assert {entry for entry in entries if entry[0] == "lint"} == set(HOOK_LINES)


OTHER_LINES = [
    ["lint", "--staged", "--fix"],
    ["lint", "--staged", "--staged"],
    ["lint", "--staged", "--format", "full"],
    ["lint", "--staged", "-C", "."],
    ["-C", ".", "lint", "--staged"],
    ["lint", "--staged", "--"],
    ["lint", "--stage"],
    ["lint", "--staged=yes"],
    ["lint", "--staged", ""],
    ["lint", "--staged", "prompts"],
    ["lint", "--staged", "--since", "HEAD"],
    ["lint", "--staged", "--help"],
    ["Lint", "--staged"],
]


@pytest.mark.parametrize(
    "line", fast_spread([*map(list, HOOK_LINES), *OTHER_LINES], 5), ids=" ".join
)
def test_every_line_gives_the_same_output_both_ways(repo: Any, line: list[str]) -> None:
    repo.write({"prompts/ask.prompt.yaml": "format: promptops/1\ndescripton: x\n"})
    repo.git("add", ".")

    ways = [
        subprocess.run(
            [sys.executable, "-c", script, *line], cwd=repo.root, capture_output=True, check=False
        )
        for script in (FAST, GENERAL)
    ]

    fast, general = [(done.returncode, done.stdout, done.stderr) for done in ways]
    assert fast == general


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")
@pytest.mark.parametrize("line", [["lint", "--staged"], ["rule"], ["--help"]], ids=" ".join)
def test_output_that_can_not_be_written_is_an_error(repo: Any, line: list[str]) -> None:
    repo.write({"prompts/ask.prompt.yaml": "format: promptops/1\ndescripton: x\n"})
    repo.git("add", ".")

    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", FAST, *line],
            cwd=repo.root,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (done.returncode, done.stderr) == (
        3,
        b"standard output: error: can't be written: no space left on device\n",
    )


def test_what_waits_for_the_end_of_the_process_is_done(repo: Any) -> None:
    script = f"import atexit; atexit.register(print, 'the end', flush=True); {FAST}"

    done = subprocess.run(
        [sys.executable, "-c", script, "lint", "--staged"],
        cwd=repo.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "the end\n", "")


def test_a_caller_in_the_same_process_gets_the_exit_code(
    repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.root)

    assert run(["lint", "--staged"]) == 0
