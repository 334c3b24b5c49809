"""`promptops optimize`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import FAILED, INTERRUPTED, OUTAGE, InputError, UsageError, os_reason
from promptops.records import replace
from promptops.terminal.complete import complete_profile
from promptops.terminal.options import (
    CallOptions,
    Command,
    Percent,
    call_option,
    command_again,
    common,
    decide_option,
    model_calls,
    output_option,
    prompt_argument,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.optimization import Optimization
    from promptops.workspace.workspace import Workspace

_ROUNDS = 10
_HELD_OUT = 50.0


@click.command(cls=Command)
@prompt_argument
@select_option(
    "--held-out",
    type=Percent(),
    default=_HELD_OUT,
    metavar="PERCENT",
    help="Cases that the search does not see and that decide; 50 by default.",
)
@call_option(
    "--proposer",
    required=True,
    metavar="PROFILE",
    shell_complete=complete_profile,
    help="The model that proposes other wordings.",
)
@call_option(
    "--rounds",
    type=click.IntRange(1, 200),
    default=_ROUNDS,
    metavar="N",
    help="Ask for at most N proposals; 10 by default.",
)
@model_calls
@decide_option(
    "--goal",
    type=click.Choice(("better", "cheaper")),
    default="better",
    metavar="GOAL",
    help="better: a higher score, the default. cheaper: fewer tokens, and not worse by the margin.",
)
@decide_option("--require-proof", is_flag=True, help="Exit 1 unless the proposal is proved.")
@output_option(
    "-o",
    "--output",
    "patch",
    metavar="FILE",
    help="The patch, with a report beside it in FILE.md; optimize-ID.patch by default.",
)
@common("text", "json", "markdown")
def command(output: OutputOptions, identity: str, calls: CallOptions, **options: Any) -> int:
    """Search a better wording of a prompt, and prove it on cases that the search did not see.

    A model proposes other wordings of the prompt's own texts, by what goes wrong in one half of its
    test cases. The best one is checked once on the other half. Writes a patch and a report for a
    pull request, and changes no other file. --max-cost is required. Exits 0 also without proof, 5
    when a provider could not answer or the budget is spent.

    \b
    Example:
      promptops optimize support/triage --proposer strong --max-cost 2
      promptops optimize support/triage --proposer strong --max-cost 2 --goal cheaper
      promptops optimize support/triage --proposer strong --max-cost 5 --require-proof
    """
    from promptops.commands.optimize.optimize import OptimizeOptions, optimize
    from promptops.workspace.workspace import workspace

    if calls.max_cost is None:
        raise UsageError("a search needs a limit of its cost", hint="add it, in USD: --max-cost 2")
    if options["held_out"] >= 100:
        what = "all cases are held out, none is left for the search"
        raise UsageError(what, hint="hold out half of them: --held-out 50")
    with workspace(output.directory, overrides=output.overrides) as opened:
        root = opened.repository.root
        if opened.repository.bare:
            raise UsageError("there is no work tree to apply a patch to", where=str(root))
        target = _target(output, opened, identity, options["patch"])
        chosen = OptimizeOptions(
            proposer=options["proposer"],
            goal=options["goal"],
            rounds=options["rounds"],
            held_out=options["held_out"] / 100,
            run=calls.run(output, opened.config.test, mode="live"),
        )
        found = optimize(opened, identity, chosen)
    if found.unasked:
        found = replace(found, next=command_again(max_cost=calls.max_cost))
    error = None
    if found.texts and found.state != "not better":
        found, error = _with_patch(found, target, root)
    elif target.exists():
        output.note(f"{target.name} is the result of an earlier run")
    output.write_report("optimize", found)
    if error is not None:
        raise error
    return _exit_code(found, options["require_proof"])


def _target(output: OutputOptions, opened: Workspace, identity: str, file: str | None) -> Path:
    """The file of the patch; refused before money is spent if it can't be written."""
    from promptops.workspace.named_prompts import required_prompt

    prompt = opened.catalog.ids[required_prompt(opened, identity)]
    name = file if file is not None else f"optimize-{prompt.replace('/', '-')}.patch"
    path = Path(output.directory, name)
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=str(path.parent))
    if not os.access(path.parent, os.W_OK):
        raise InputError("files can't be written to this folder", where=str(path.parent))
    for each, begins in ((path, _PATCH), (_report_of(path), _REPORT)):
        if os.path.lexists(each) and not _is_ours(each, begins):
            hint = "name another file: -o FILE"
            raise UsageError("this file is not a result of optimize", where=str(each), hint=hint)
    return path


_PATCH = ("proved ", "unproved: ")
_REPORT = ("<!-- promptops optimize -->",)
"""How the files of an earlier run begin, which may be replaced."""


def _report_of(patch: Path) -> Path:
    return patch.with_name(f"{patch.name}.md")


def _is_ours(file: Path, begins: tuple[str, ...]) -> bool:
    try:
        with open(file, "rb") as opened:
            return opened.read(100).decode("utf-8", "replace").startswith(begins)
    except OSError:
        return False


def _with_patch(
    found: Optimization, path: Path, root: Path
) -> tuple[Optimization, InputError | None]:
    """Write the patch and the report beside it; an error does not lose the report at stdout."""
    from promptops.commands.optimize.patch import patch_of
    from promptops.commands.optimize.report import summary, write_markdown

    at_root = Path.cwd().resolve() == root.resolve()
    place = ("-C", str(root)) if not at_root else ()
    apply = shlex.join(("git", *place, "apply", str(path if at_root else path.resolve())))
    written = replace(found, patch=str(path), apply=apply)
    try:
        path.write_bytes(patch_of(found.contents, summary(found)))
        _report_of(path).write_text(write_markdown(found), "utf-8")
    except OSError as error:
        return found, InputError(f"can't be written: {os_reason(error)}", where=str(path))
    return written, None


def _exit_code(found: Optimization, require_proof: bool) -> int:
    if found.interrupted:
        return INTERRUPTED
    if found.unanswered:
        return OUTAGE
    return FAILED if require_proof and not found.accepted else 0
