"""The function that writes the result of a command."""

import subprocess
import sys
from pathlib import Path

import pytest

from promptops.terminal import output


def test_a_module_that_a_report_needs_and_lacks_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "promptops.commands.bisect.report", raising=False)
    monkeypatch.setitem(sys.modules, "promptops.model.history", None)

    with pytest.raises(ModuleNotFoundError) as raised:
        output.writer("bisect", "text")

    assert raised.value.name == "promptops.model.history"


@pytest.mark.parametrize(
    ("command", "name", "found"),
    [
        ("blame", "text", "commands.blame.write_text"),
        ("diff", "html", "commands.diff.page.write_html"),
        ("batch", "text", "report.batch.write_text"),
        ("test", "junit", "report.test.report.write_junit"),
        ("test", "html", "report.test.page.write_html"),
    ],
)
def test_a_format_is_a_function_in_the_folder_of_its_command(command, name, found):
    function = output.writer(command, name)

    assert f"{function.__module__}.{function.__name__}" == f"promptops.{found}"


def test_text_loads_no_template():
    code = (
        "import sys; from promptops.terminal.output import writer;"
        "[writer(each, 'text') for each in 'check compare diff drift mutate probe score'.split()];"
        "print({'jinja2', 'promptops.report.page'} & sys.modules.keys())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


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
