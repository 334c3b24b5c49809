"""`promptops cases`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from promptops.errors import UsageError
from promptops.terminal.options import Command, common, select_option, selection
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.workspace.selection import SelectionOptions

_MOST_SAMPLES = 20


@click.command(cls=Command)
@selection
@select_option(
    "--samples",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Use the inputs of production in this log, in any format that `score` reads; repeatable.",
)
@select_option(
    "--pick",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"With --samples: draft at most N cases for each prompt; {_MOST_SAMPLES} by default.",
)
@click.option("--refresh", is_flag=True, help="Remove the drafts that exist, and draft them again.")
@click.option("--show", is_flag=True, help="Print the drafts, and write no file.")
@common("text", "json")
def command(output: OutputOptions, wanted: SelectionOptions, **options: Any) -> int:
    """Draft test cases that reach every branch of the prompts.

    Finds inputs for each `if`, loop, include and `when` that no case covers yet, proves each by
    rendering, and writes them to the case file of the prompt with the tag `draft`. No existing case
    changes, and no model is called. A draft that fails is a warning until you remove the tag.

    With `--samples`, one sample for each set of branches becomes a draft, without the personal data
    and secrets that are found. Exits 1 if nothing could be drafted for a prompt.

    \b
    Example:
      promptops cases
      promptops cases 'support/*' --show
      promptops cases support/triage --refresh
      promptops cases --samples requests.jsonl --pick 10
    """
    from promptops.commands.cases.cases import DraftOptions, draft_cases
    from promptops.source.traffic.files import below
    from promptops.workspace.workspace import workspace

    if options["pick"] is not None and not options["samples"]:
        raise UsageError("`--pick` is about samples", hint="add --samples FILE")
    chosen = DraftOptions(
        refresh=options["refresh"],
        write=not options["show"],
        samples=tuple(below(output.directory, each) for each in options["samples"]),
        pick=options["pick"] or _MOST_SAMPLES,
    )
    with workspace(output.directory, overrides=output.overrides) as opened:
        found = draft_cases(opened, wanted, chosen)
    output.write_report("cases", found)
    return int(any(each.problem for each in found.prompts))
