"""`promptops mv`."""

from __future__ import annotations

import click

from promptops.records import replace
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("old", metavar="OLD", shell_complete=complete_prompt)
@click.argument("new", metavar="NEW")
@click.option("--dry-run", is_flag=True, help="Print the changes, and write nothing.")
@common("text", "json")
def command(output: OutputOptions, old: str, new: str, dry_run: bool) -> int:
    """Move a prompt, a partial, a schema or a folder, and update what refers to it.

    OLD is the id of a prompt or a path. NEW is an id or a path; an existing folder, or a name that
    ends with a slash, is the folder to move into. A prompt takes its cases, body files and
    recordings with it, and keeps its old id as an alias, so callers are not affected.

    Only the work tree changes, not git's index.

    \b
    Example:
      promptops mv support/triage helpdesk/triage
      promptops mv prompts/partials/tone.md.j2 prompts/partials/voice.md.j2
      promptops mv prompts/support prompts/helpdesk --dry-run
    """
    from promptops.commands.mv.plan import apply_move, moving_workspace, plan_move
    from promptops.repo.repository import Repository

    with Repository.open(output.directory) as repository:
        workspace = moving_workspace(repository, output.overrides)
        plan = plan_move(workspace, old, new)
        if not dry_run:
            apply_move(workspace, plan)
    output.write_report("mv", replace(plan, dry_run=dry_run))
    return 0
