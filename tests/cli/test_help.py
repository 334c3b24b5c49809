"""What `--help` says, of everything."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

import click
import pytest

from promptops.cli.group import ALSO, SECTIONS, all_commands, group
from promptops.terminal.options import HEADINGS, SHARED, Command, options_by_heading

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


def test_the_help_begins_with_the_everyday_commands_and_shows_few_others():
    shown = [name for names in SECTIONS.values() for name in names]

    assert tuple(shown[:10]) == (
        *("init", "import", "new", "lint", "render", "run", "diff", "test", "check", "release"),
    )
    assert len(shown) <= 32
    assert len({*shown, *ALSO}) == len(shown) + len(ALSO)
    assert [name for name in COMMANDS if " " not in name] == [*shown, *ALSO]


def test_without_arguments_the_help_goes_to_stdout(say):
    said = say()

    assert (said.code, said.out, said.err) == (2, say("--help").out, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does(say, name, golden):
    said = say(*name.split(), "-h")

    assert (said.code, said.err) == (0, "")
    golden(f"help.{name.replace(' ', '.')}.txt", said.out)


@pytest.mark.parametrize("name", SECTIONS["everyday"])
def test_the_help_of_an_everyday_command_fits_on_a_screen_of_fifty_lines(say, name):
    assert len(say(name, "--help").out.splitlines()) <= 50


def test_options_stand_below_the_heading_that_their_declaration_names():
    sections = options_by_heading(COMMANDS["score"])

    assert [*sections] == [*HEADINGS, SHARED]
    assert [option.opts[0] for option in sections["decide"]] == ["--alert"]


def test_an_option_takes_the_same_kind_of_value_in_every_command():
    kinds = defaultdict(set)
    for name in LEAVES:
        for option in (each for each in COMMANDS[name].params if isinstance(each, click.Option)):
            kind = "" if option.is_flag else option.metavar or option.type.name
            for flag in option.opts:
                kinds[flag].add(kind.strip("[]").partition("|")[0])

    assert {flag: sorted(found) for flag, found in kinds.items() if len(found) > 1} == {
        "--push": ["", "REMOTE"],
    }


@pytest.mark.parametrize("name", LEAVES)
def test_each_option_has_help_and_each_command_the_common_ones_and_an_example(name):
    found = COMMANDS[name]
    options = [each for each in found.params if isinstance(each, click.Option)]
    assert isinstance(found, Command)

    assert [option.name for option in options if not option.help] == []
    assert {flag for option in options for flag in option.opts} >= COMMON
    assert "Example:" in (found.help or "")


def test_the_version_is_said(say):
    said = say("--version")

    assert (said.code, said.out.split(" ")[0]) == (0, "promptops")


def test_the_summaries_of_help_are_those_of_the_commands():
    context = click.Context(group)
    names = group.list_commands(context)

    from_source = {name: group.summary(context, name) for name in names}

    assert from_source == {
        name: group.get_command(context, name).get_short_help_str(200) for name in names
    }
    assert len(names) > 30


def test_help_imports_no_command_but_one():
    program = (
        "import sys, click\n"
        "from promptops.cli.group import group\n"
        "group.get_help(click.Context(group))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('promptops.commands.')))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    assert printed.stdout.split() == [
        "promptops.commands.lint",
        "promptops.commands.lint.command",
        "promptops.commands.lint.linting",
    ]
