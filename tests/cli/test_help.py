"""What `--help` says, of everything."""

from __future__ import annotations

import click
import pytest

from promptops.cli.group import all_commands, group

COMMANDS = dict(all_commands(group))
LEAVES = [name for name, found in COMMANDS.items() if not isinstance(found, click.Group)]
COMMON = {"-C", "--format", "--quiet", "--no-color", "--config"}


@pytest.fixture(autouse=True)
def _a_terminal_of_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_the_group_says_what_there_is(say, golden):
    said = say("--help")

    assert (said.code, said.err) == (0, "")
    golden("help.txt", said.out)


def test_without_arguments_the_help_goes_to_stdout(say):
    said = say()

    assert (said.code, said.out, said.err) == (2, say("--help").out, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does(say, name, golden):
    said = say(*name.split(), "-h")

    assert (said.code, said.err) == (0, "")
    golden(f"help.{name.replace(' ', '.')}.txt", said.out)


@pytest.mark.parametrize("name", LEAVES)
def test_each_option_has_help_and_each_command_the_common_ones_and_an_example(name):
    found = COMMANDS[name]
    options = [each for each in found.params if isinstance(each, click.Option)]

    assert [option.name for option in options if not option.help] == []
    assert {flag for option in options for flag in option.opts} >= COMMON
    assert "Example:" in (found.help or "")


def test_the_version_is_said(say):
    said = say("--version")

    assert (said.code, said.out.split(" ")[0]) == (0, "promptops")
