"""`promptops init`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BAD_INPUT, UsageError
from promptops.records import replace
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.init.init import SetupResult
    from promptops.model.distribution import InstallOrigin


@click.command(cls=Command)
@click.option("--hooks", is_flag=True, help="Install plain git hooks instead of using pre-commit.")
@click.option("--pre-push", is_flag=True, help="With --hooks: also run the gate before a push.")
@click.option(
    "--ci",
    "platform",
    type=click.Choice(["github", "gitlab"]),
    help="The CI platform to configure; detected from the repository by default.",
)
@click.option(
    "--nightly", is_flag=True, help="Also run `promptops drift` every night, in CI on a schedule."
)
@click.option(
    "--install-from",
    "origin",
    metavar="URL@COMMIT",
    help="The git repository that CI installs promptops from; by default, where pip found it.",
)
@click.option(
    "--git-diff",
    is_flag=True,
    help="Make `git diff` in this clone show prompts as readable text; alone, it does only this.",
)
@click.option(
    "--agents",
    is_flag=True,
    help="Write a skill for coding agents, and a paragraph on it in AGENTS.md if there is one;"
    " alone, it does only this.",
)
@common("text", "json")
def command(
    output: OutputOptions,
    *,
    hooks: bool,
    pre_push: bool,
    platform: Any,
    nightly: bool,
    origin: str | None,
    git_diff: bool,
    agents: bool,
) -> int:
    """Set up promptops in an existing repository.

    Writes the configuration, an example prompt, an entry for pre-commit, a CI workflow and editor
    settings, and has git ignore reports. Existing files are never overwritten; running it again
    changes nothing.

    \b
    Example:
      promptops init
      promptops init --hooks
      promptops init --ci github --install-from https://git.example.com/acme/promptops@COMMIT
      promptops init --ci github --nightly
      promptops init --git-diff
      promptops init --agents
    """
    from promptops.commands.init.ci_files import CiOptions
    from promptops.commands.init.init import (
        UNDO_GIT_DIFF,
        SetupResult,
        set_up,
        show_in_git_diff,
    )
    from promptops.report.data_text import write_json

    if pre_push and not hooks:
        raise UsageError("--pre-push needs --hooks", hint="write --hooks --pre-push")
    done = []
    if hooks or platform or nightly or not (git_diff or agents):
        ci = CiOptions(platform=platform, origin=_origin(origin), nightly=nightly)
        done.append(set_up(output.directory, hooks=hooks, pre_push=pre_push, ci=ci))
    if git_diff:
        done.append(show_in_git_diff(output.directory))
    if agents:
        from promptops.commands.init.agents import set_up_agents

        done.append(set_up_agents(output.directory, _confirm))
    found = SetupResult(tuple(step for part in done for step in part.steps), done[0].next)
    flags = {
        "--hooks": hooks,
        "--pre-push": pre_push,
        "--nightly": nightly,
        "--git-diff": git_diff,
        "--agents": agents,
    }
    if found.failed:
        found = replace(found, next=f"promptops init{_typed(flags, platform, origin)}")
    undo = UNDO_GIT_DIFF if git_diff else ()
    output.write_each(lambda name, _: _text(found, undo) if name == "text" else write_json(found))
    return BAD_INPUT if found.failed else 0


def _confirm(path: str, text: str) -> bool:
    """Show a text and ask whether to add it to a file; without a terminal, `--agents` is enough."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    click.echo(f"to be added to {path}:\n\n{text}", err=True)
    return click.confirm(f"Add it to {path}?", default=True, err=True)


def _origin(named: str | None) -> InstallOrigin | None:
    from promptops.model.distribution import installed_origin, parse_origin

    if named is None:
        return installed_origin()
    try:
        return parse_origin(named)
    except ValueError as error:
        hint = "write https://HOST/PATH@COMMIT; `git ls-remote URL HEAD` prints the commit"
        raise UsageError(f"--install-from: {error}", hint=hint) from None


def _typed(flags: Mapping[str, bool], platform: str | None, origin: str | None) -> str:
    """The options of this run, to repeat it; with the one that `--ci` still needs."""
    is_missing = (platform or flags["--nightly"]) and _origin(None) is None
    source = origin or ("URL@COMMIT" if is_missing else None)
    options = [name for name, given in flags.items() if given]
    options += ["--ci", platform] if platform else []
    options += ["--install-from", shlex.quote(source)] if source else []
    return "".join(f" {option}" for option in options)


def _text(found: SetupResult, undo: tuple[str, ...]) -> str:
    from promptops.report.visible import visible

    lines = []
    for step in found.steps:
        note = f": {visible(step.note)}" if step.note else ""
        lines.append(f"{step.action:<6} {visible(step.path)}{note}")
        lines += [f"         {line}" for line in step.snippet.splitlines()]
    lines += [f"to undo: {command}" for command in undo]
    before = "next, when that is fixed" if found.failed else "next"
    return "\n".join([*lines, f"{before}: {found.next}", ""])
