"""`promptops blame`."""

from __future__ import annotations

from typing import Any

import click

from promptops.errors import UsageError
from promptops.patterns import lazy_pattern
from promptops.terminal.complete import complete_case, complete_prompt
from promptops.terminal.options import Command, common, select_option
from promptops.terminal.output import OutputOptions

_SPAN = lazy_pattern(r"(?P<first>\d{1,9})?(,((?P<more>\+)?(?P<last>\d{1,9}))?)?")


@click.command(cls=Command)
@click.argument("identity", metavar="ID|PATH", shell_complete=complete_prompt)
@select_option(
    "-c",
    "--case",
    metavar="NAME",
    shell_complete=complete_case,
    help="The test case to render; the first by default.",
)
@select_option(
    "-L", "span", metavar="A,B", help="Only these lines: A,B or A,+COUNT; A, goes to the end."
)
@select_option(
    "--message",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only this message, counted from 0; -L then counts its lines.",
)
@select_option("-w", "blank", is_flag=True, help="Ignore changes of white space.")
@select_option(
    "-M",
    "--moved",
    is_flag=True,
    help="Find who wrote a line, not who moved or copied it; implies -w.",
)
@select_option(
    "--at",
    "revision",
    default="HEAD",
    metavar="REV",
    help="Read a commit, tag or branch, `index` or `worktree`; HEAD by default.",
)
@common("text", "json")
def command(output: OutputOptions, identity: str, **options: Any) -> int:
    """Show who last changed each line of the request rendered for a test case.

    Each line is traced to its source file, through includes, macros and `extends`, and blamed
    there. Commits that git's `blame.ignoreRevsFile` lists are skipped. Each line also shows the
    inputs in it, other source lines that contribute to it, and a later include that added it.

    \b
    Example:
      promptops blame support/triage --case 'no known issues'
      promptops blame support/triage --message 0 -L 3,5 --at v1.4.0
    """
    from promptops.commands.blame.blame import blame
    from promptops.model.history import BlameOptions
    from promptops.repo.revisions import FETCH_ALL

    first, last = _lines(options["span"])
    chosen = BlameOptions(
        revision=options["revision"],
        case=options["case"],
        message=options["message"],
        first=first,
        last=last,
        moved=options["moved"],
        spaces=not options["blank"],
    )
    blamed = blame(output.directory, identity, chosen, output.overrides)
    output.write_report("blame", blamed)
    if blamed.cut:
        output.note(f"lines marked ^ may be older: {FETCH_ALL}")
    return 0


def _lines(span: str | None) -> tuple[int, int | None]:
    """The first line and the last one, or None for the end."""
    if span is None:
        return 1, None
    match = _SPAN.fullmatch(span)
    if match is None or not (match["first"] or match["last"]):
        raise UsageError(f"{span!r} is not a range of lines", hint="write -L FIRST,LAST")
    first = int(match["first"] or 1)
    last = int(match["last"]) if match["last"] else None
    if last is not None and match["more"]:
        last += first - 1
    if first < 1 or (last is not None and last < first):
        raise UsageError(
            f"{span!r} contains no line", hint="lines count from 1; write the smaller number first"
        )
    return first, last
