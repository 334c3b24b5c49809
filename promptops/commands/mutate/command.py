"""`promptops mutate`."""

from __future__ import annotations

import gc
import os
import shlex
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, UsageError
from promptops.records import replace
from promptops.terminal.call_options import (
    Percent,
    budget_options,
    call_settings,
    case_option,
    concurrency_option,
    trust_option,
)
from promptops.terminal.complete import complete_operator
from promptops.terminal.options import (
    Command,
    call_option,
    common,
    decide_option,
    prompts_argument,
    select_option,
    since_option,
    tag_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.mutate.mutate import MutateOptions
    from promptops.model.mutant import MutationRun
    from promptops.workspace.workspace import Workspace

_MAX_MUTANTS = 20
_OUTAGE = 5
_INTERRUPTED = 130


@click.command(cls=Command)
@prompts_argument
@since_option
@tag_option
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
@concurrency_option
@budget_options
@trust_option
@common("text", "json", "github", "markdown", "html")
def command(output: OutputOptions, **options: Any) -> int:
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
    # Nearly all objects live until the end; collecting often costs a third of the time.
    gc.set_threshold(50_000)
    if options["max_mutants"] is not None and not options["live"]:
        raise UsageError("--max-mutants needs --live", hint="without it, all mutants are tried")
    found = _mutated(output, options)
    if found.unasked:
        found = replace(found, advice=_again(options))
    output.write_report("mutate", found)
    return _exit_code(found)


def _mutated(output: OutputOptions, options: dict[str, Any]) -> MutationRun:
    from promptops.commands.mutate.mutate import mutate
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace

    wanted = SelectionOptions(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    with workspace(output.directory, overrides=output.overrides) as opened:
        return mutate(opened, wanted, _options(output, opened, options))


def _options(output: OutputOptions, opened: Workspace, options: dict[str, Any]) -> MutateOptions:
    from promptops.commands.mutate.mutate import MutateOptions
    from promptops.terminal.progress import ShownProgress
    from promptops.testing.model_calls import ci_event
    from promptops.testing.options import RunOptions

    run = RunOptions(
        mode="live" if options["live"] else "replay",
        cases=options["cases"],
        trusted=options["trust_config"],
        settings=call_settings(options, opened.config.test),
        event=options["event"] or ci_event(os.environ),
        watcher=ShownProgress(output),
    )
    return MutateOptions(
        operators=options["operators"],
        live=options["live"],
        max_mutants=options["max_mutants"] or _MAX_MUTANTS,
        fail_under=options["fail_under"],
        run=run,
    )


def _again(options: dict[str, Any]) -> str:
    """The command that continues: answers it already has are in the local cache."""
    words = ["promptops", "mutate", *options["patterns"]]
    for name in ("since", "fail_under"):
        if options[name] not in (None, ""):
            words += [f"--{name.replace('_', '-')}", str(options[name])]
    words += ["--since"] if options["since"] == "" else []
    for name, key in (("--select", "select"), ("--case", "cases"), ("--operator", "operators")):
        for value in options[key]:
            words += [name, value]
    words += ["--live"]
    words += ["--max-mutants", str(options["max_mutants"])] if options["max_mutants"] else []
    words += ["--trust-config"] if options["trust_config"] else []
    return shlex.join(words)


def _exit_code(found: MutationRun) -> int:
    if found.interrupted:
        return _INTERRUPTED
    if any(row.internal for row in found.rows):
        return BUG
    if found.unanswered:
        return _OUTAGE
    return int(found.under or any(row.unreadable for row in found.rows))
