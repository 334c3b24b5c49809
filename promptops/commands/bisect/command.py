"""`promptops bisect`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import UsageError
from promptops.terminal.options import (
    Command,
    call_option,
    common,
    given_case_option,
    max_cost_option,
    prompt_argument,
    select_option,
    trust_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.history import Bisection, TreeVerdict

_SEARCH_OPTIONS = ("good", "bad", "first_parent", "live")
_LIVE_OPTIONS = ("max_cost", "trust_config")
_EXIT = {"good": 0, "bad": 1, "skip": 125}
"""The exit codes that `git bisect run` expects."""


@click.command(cls=Command)
@prompt_argument
@given_case_option(required=True, help="The test case that fails.")
@select_option("--good", metavar="REV", help="A commit, tag or branch at which the case passes.")
@select_option(
    "--bad", metavar="REV", help="A commit, tag or branch at which it fails; HEAD by default."
)
@select_option(
    "--first-parent", is_flag=True, help="Report the merge commit, not a commit inside the merge."
)
@call_option(
    "--live", is_flag=True, help="Call the model at each commit instead of reading recordings."
)
@max_cost_option
@trust_option
@select_option("--here", is_flag=True, help="Test the work tree only, for `git bisect run`.")
@common("text", "json")
def command(output: OutputOptions, identity: str, case: str, **options: Any) -> int:
    """Find the commit at which a test case started to fail, from the recordings at each commit.

    Nothing is checked out. Commits that give no result are skipped: no recording, no such prompt or
    case, a prompt that can't be read. Exits 1 if more than one commit could be the first bad one.

    With --here it exits 0 if the case passes in the work tree, 1 if it fails, 125 if there is no
    result, and above 128 if the command line is wrong.

    \b
    Example:
      promptops bisect support/triage --case refund --good v1.4.0
      promptops bisect support/triage --case refund --good v1.4.0 --live --max-cost 0.50
      git bisect run promptops bisect support/triage --case refund --here
    """
    from promptops.commands.bisect.bisect import verdict_here

    _refuse_contradictions(options)
    wanted = identity, case
    if options["here"]:
        found = verdict_here(output.directory, wanted, output.overrides)
    else:
        found = _searched(output, wanted, options)
    output.write_report("bisect", found)
    if found.here is not None:
        return _EXIT[found.here.verdict]
    return int(found.first_bad is None)


def _refuse_contradictions(options: dict[str, Any]) -> None:
    search, live = (
        [f"--{name.replace('_', '-')}" for name in names if options[name] not in (None, False)]
        for names in (_SEARCH_OPTIONS, _LIVE_OPTIONS)
    )
    if options["here"] and search:
        raise UsageError(f"--here and {search[0]} exclude each other")
    if live and not options["live"]:
        raise UsageError(f"{live[0]} needs --live", hint="add --live, or leave it out")
    if not options["here"] and options["good"] is None:
        hint = "name a commit at which the case passes: --good REV"
        raise UsageError("--good is missing", hint=hint)


def _searched(output: OutputOptions, wanted: tuple[str, str], options: dict[str, Any]) -> Bisection:
    from promptops.commands.bisect.bisect import CaseOptions, SearchEnds, bisect
    from promptops.terminal.progress import ShownProgress

    ends = SearchEnds(
        good=options["good"], bad=options["bad"] or "HEAD", first_parent=options["first_parent"]
    )
    case_options = CaseOptions(
        live=options["live"],
        trusted=options["trust_config"],
        max_cost_usd=options["max_cost"],
        watcher=ShownProgress(output),
        overrides=output.overrides,
    )
    return bisect(
        output.directory, wanted, ends, case_options, lambda found: _note_progress(output, found)
    )


def _note_progress(output: OutputOptions, tree_verdict: TreeVerdict) -> None:
    """Print the verdict of one commit, as progress on a terminal."""
    if sys.stderr.isatty():
        verb = {"good": "passes", "bad": "fails", "skip": "skipped"}[tree_verdict.verdict]
        output.note(f"{tree_verdict.commit[:12]} {verb}")
