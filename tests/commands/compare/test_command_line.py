"""The command that continues a comparison."""

from promptops.commands.compare.arms import CompareOptions
from promptops.commands.compare.compare import command_line
from promptops.testing.options import RunOptions
from promptops.workspace.selection import SelectionOptions


def test_the_command_has_all_that_decides_which_requests_are_sent():
    wanted = SelectionOptions(patterns=("support/*",), since="", selectors=("tag:a b",))
    options = CompareOptions(
        kind="model",
        names=("fast", "cheap"),
        reference="fast",
        require="cheap",
        margin=2.5,
        run=RunOptions(cases=("it's late",), repeats=3),
    )

    assert command_line(wanted, options, "--record") == (
        "promptops compare 'support/*' --model fast --model cheap --reference fast --require cheap"
        " --margin 2.5 --repeats 3 --since --select 'tag:a b' --case 'it'\"'\"'s late' --record"
    )


def test_a_plain_comparison_has_a_plain_command():
    options = CompareOptions(kind="revision", names=("HEAD",), run=RunOptions())

    assert command_line(SelectionOptions(since="v1"), options) == (
        "promptops compare --revision HEAD --since v1"
    )
