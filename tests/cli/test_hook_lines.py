"""The hooks' command lines mean the same with click and without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from promptops.cli.commands import lint
from promptops.cli.hook_lines import HOOK_LINES, hook_arguments, hook_output
from promptops.cli.linting import LintArguments
from promptops.cli.main import run
from promptops.records import fields

ROOT = Path(__file__).parents[2]
OF_OUTPUT = {"directory": Path(), "chosen": (), "quiet": False, "no_color": False, "overrides": ()}
GENERAL = "import promptops.cli.main as m; m.HOOK_LINES = {}; m.main()"
FAST = "import promptops.cli.main as m; m.main()"


def read_by_click(line: tuple[str, ...]) -> dict[str, Any]:
    """The parameters that click passes to the command."""
    return lint.command.make_context("lint", list(line[1:])).params


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


def test_every_lint_hook_of_the_manifest_is_known() -> None:
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    entries = [tuple(each["entry"].split()[1:]) for each in manifest]

    assert {entry for entry in entries if entry[0] == "lint"} == set(HOOK_LINES)


OTHER_LINES = [
    ["lint", "--staged", "--fix"],
    ["lint", "--staged", "--staged"],
    ["lint", "--staged", "--format", "full"],
    ["lint", "--staged", "-C", "."],
    ["lint", "--staged", "--"],
    ["lint", "--stage"],
    ["lint", "--staged=yes"],
    ["lint", "--staged", ""],
    ["lint", "--staged", "prompts"],
    ["lint", "--staged", "--since", "HEAD"],
    ["lint", "--staged", "--help"],
    ["Lint", "--staged"],
]


@pytest.mark.parametrize("line", [*map(list, HOOK_LINES), *OTHER_LINES], ids=" ".join)
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
@pytest.mark.parametrize("line", [["lint", "--staged"], ["rule"]], ids=" ".join)
def test_output_that_can_not_be_written_is_no_pass(repo: Any, line: list[str]) -> None:
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

    assert done.returncode == 70
    assert b"No space left on device" in done.stderr


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
