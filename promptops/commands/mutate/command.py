"""`promptops mutate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE, UsageError
from promptops.records import replace
from promptops.terminal.complete import complete_operator
from promptops.terminal.options import (
    CallOptions,
    Command,
    Percent,
    call_option,
    case_option,
    command_again,
    common,
    decide_option,
    model_calls,
    select_option,
    selection,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.mutant import MutationRun
    from promptops.workspace.selection import SelectionOptions

_MAX_MUTANTS = 20


@click.command(cls=Command)
@selection
@case_option
@select_option(
    "--operator",
    "operators",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_operator,
    help="Break prompts only in this way, such as `sentence` or `obligation`; repeatable.",
)
@call_option("--live", is_flag=True, help="Call the model about mutants that no behaviour notices.")
@call_option(
    "--max-mutants",
    type=click.IntRange(1),
    metavar="N",
    help="With --live, try at most N mutants of each prompt; 20 by default.",
)
@decide_option(
    "--fail-under",
    type=Percent(),
    metavar="PERCENT",
    help="Exit 1 if behaviour notices fewer mutants; overrides the configuration.",
)
@model_calls
@common("text", "json", "github", "markdown", "html")
def command(
    output: OutputOptions, wanted: SelectionOptions, calls: CallOptions, **options: Any
) -> int:
    """Break prompts on purpose, and show what the test cases do not notice.

    Deletes sentences, reverses obligations, drops variables and weakens schemas, one at a time and
    without writing a file. By default it makes no API calls: a mutant is noticed if a case can't be
    rendered or an assertion fails. An assertion that quotes the prompt counts apart from those on
    what the request does or the model answers. Exits 1 under --fail-under or if a prompt can't be
    read, 5 when a provider could not answer or the budget is spent.

    \b
    Example:
      promptops mutate
      promptops mutate support/triage --operator obligation
      promptops mutate --since origin/main --fail-under 60 --format github
      promptops mutate support/triage --live --max-cost 0.50
      promptops mutate --format html=mutants.html
    """
    from promptops.commands.mutate.mutate import MutateOptions, mutate
    from promptops.workspace.workspace import workspace

    if options["max_mutants"] is not None and not options["live"]:
        raise UsageError("--max-mutants needs --live", hint="without it, all mutants are tried")
    mode = "live" if options["live"] else "replay"
    with workspace(output.directory, overrides=output.overrides) as opened:
        chosen = MutateOptions(
            operators=options["operators"],
            live=options["live"],
            max_mutants=options["max_mutants"] or _MAX_MUTANTS,
            fail_under=options["fail_under"],
            run=calls.run(output, opened.config.test, mode=mode, cases=options["cases"]),
        )
        found = mutate(opened, wanted, chosen)
    if found.unasked:
        found = replace(found, next=command_again())
    output.write_report("mutate", found)
    return _exit_code(found)


def _exit_code(found: MutationRun) -> int:
    if found.interrupted:
        return INTERRUPTED
    if any(row.internal for row in found.rows):
        return BUG
    if found.unanswered:
        return OUTAGE
    return int(found.under or any(row.unreadable for row in found.rows))
