"""The function that writes the result of a command."""

import sys
from pathlib import Path

import click
import pytest

from promptops.cli.group import group
from promptops.terminal import output


def test_a_module_that_a_report_needs_and_lacks_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "promptops.commands.bisect.report", raising=False)
    monkeypatch.setitem(sys.modules, "promptops.model.history", None)

    with pytest.raises(ModuleNotFoundError) as raised:
        output._writer("bisect", "text")

    assert raised.value.name == "promptops.model.history"


@pytest.mark.parametrize("command", ["build", "bisect", "test"])
def test_a_report_is_found_in_its_command_in_its_folder_or_below_report(command):
    group.get_command(click.Context(group), command)

    assert output._writer(command, "text").__name__ in {"write_text", "write"}


def test_quiet_keeps_why_there_is_no_verdict(capsys):
    quiet = output.OutputOptions(Path(), (("text", "-"),), quiet=True, color=False)

    quiet.write_each(
        lambda _, style: f"{style('warning', 'ended early')}: no budget\n{style('error', 'a')}\nb\n"
    )
    quiet.cause("2 answers are missing")
    hidden = capsys.readouterr()
    quiet.show_withheld()

    assert (hidden.out, hidden.err) == ("", "")
    assert capsys.readouterr().err == "ended early: no budget\na\n2 answers are missing\n"
