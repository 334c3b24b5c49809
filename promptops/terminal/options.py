"""Options that several commands share, and their conversion into the arguments of jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from promptops.errors import FAILED, INTERRUPTED, RUNNING, PromptopsError, UsageError
from promptops.suggestions import did_you_mean
from promptops.terminal.output import OutputOptions, wants_color

if TYPE_CHECKING:
    from promptops.workspace.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])

_VERDICTS = {0, FAILED, RUNNING, INTERRUPTED}
"""Exit codes that report no error."""

REVISION_HELP = "Read a commit, tag or branch, or `index`; the work tree by default."
GATE_REVISION_HELP = (
    "Read a commit, tag or branch; by default HEAD with --since, the files on disk without."
)


def common(*formats: str, acts: bool = False) -> Callable[[F], F]:
    """Add the options that every command has; the first format is the default.

    The command gets them as its first argument, an `OutputOptions`.

    Args:
        acts: Exit code 1 is not a verdict but means that nothing was done: `--quiet` does not hide
            why.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(
            directory: Path,
            chosen: tuple[str, ...],
            quiet: bool,
            no_color: bool,
            overrides: tuple[str, ...],
            **rest: Any,
        ) -> Any:
            pairs = _formats(chosen, formats)
            color = not no_color and wants_color()
            output = OutputOptions(directory, pairs, quiet, color, overrides, default=formats[0])
            try:
                code = function(output, **rest)
            except PromptopsError as error:
                output.write_error(error)
                raise
            if code not in (_VERDICTS - {FAILED} if acts else _VERDICTS):
                output.show_withheld()
            return code

        for option in reversed(_options(formats)):
            command = option(command)
        return cast(F, command)

    return decorate


def _options(formats: tuple[str, ...]) -> list[Callable[[Any], Any]]:
    directory = click.Path(exists=True, file_okay=False, path_type=Path)
    return [
        click.option(
            "-C",
            "directory",
            type=directory,
            default=".",
            metavar="DIR",
            help="Run as if started in DIR.",
        ),
        click.option(
            "--format",
            "chosen",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help=f"{', '.join(formats)}; repeatable, at most one without =FILE.",
        ),
        click.option(
            "--config",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Override the configuration for this run, in TOML: 'lint.select=[\"SEC\"]'.",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            help="Suppress output, except what prevents a result; report by exit code.",
        ),
        click.option("--no-color", is_flag=True, help="Use no colours, even on a terminal."),
    ]


def _formats(chosen: tuple[str, ...], known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for choice in chosen or (known[0],):
        name, _, file = choice.partition("=")
        if name not in known:
            hint = did_you_mean(name, known) or f"one of: {', '.join(known)}"
            raise UsageError(f"this command has no format {name!r}", hint=hint)
        if choice.endswith("="):
            raise UsageError(
                f"{choice!r} is missing the file", hint=f"write {name}=FILE, or {name}"
            )
        pairs.append((name, file or "-"))
    if sum(file == "-" for _, file in pairs) > 1:
        raise UsageError("only one format can go to stdout", hint="write --format NAME=FILE")
    return tuple(pairs)


def since_option(function: F) -> F:
    """Add `--since [REV]`."""
    text = "Only what changed since REV, and prompts that depend on it; default branch without REV."
    return click.option("--since", is_flag=False, flag_value="", metavar="[REV]", help=text)(
        function
    )


def at_option(function: F) -> F:
    """Add `--at REV`."""
    return click.option("--at", "revision", default="worktree", metavar="REV", help=REVISION_HELP)(
        function
    )


def tag_option(function: F) -> F:
    """Add `--select tag:NAME`."""
    text = "Only prompts with this tag:, owner: or status:."
    return click.option("--select", multiple=True, metavar="tag:NAME", help=text)(function)


def no_cache_option(function: F) -> F:
    """Add `--no-cache`."""
    text = "Compute everything again, without the cache."
    return click.option("--no-cache", is_flag=True, help=text)(function)


def verbose_option(function: F) -> F:
    """Add `--verbose`."""
    text = "Print the answers of failing cases, and the statistics of scores and judges."
    return click.option("-v", "--verbose", is_flag=True, help=text)(function)


def gate_revision_options(function: F) -> F:
    """Add `--at REV`, `--staged` and `--worktree`, for `gate_revision`."""
    at = click.option("--at", "revision", metavar="REV", help=GATE_REVISION_HELP)
    staged = click.option("--staged", is_flag=True, help="Read the index.")
    worktree = click.option("--worktree", is_flag=True, help="Read the files on disk.")
    return at(staged(worktree(function)))


def gate_revision(options: Mapping[str, Any]) -> str:
    """The revision that `gate_revision_options` and `--since` select; raises UsageError for two."""
    at = options["revision"]
    named = {"--staged": options["staged"], "--worktree": options["worktree"], "--at": at}
    given = [name for name, value in named.items() if value not in (None, False)]
    if given[1:]:
        message = f"{given[0]} and {given[1]} name two revisions"
        raise UsageError(message, hint="leave out one of them")
    if options["staged"]:
        return "index"
    if at is not None:
        return str(at)
    return "worktree" if options["worktree"] or options["since"] is None else "HEAD"


def note_hidden(output: OutputOptions, workspace: Workspace) -> None:
    """Print which prompt files on disk are not read, and why."""
    from promptops.workspace.listing import hidden_prompts

    for sentence, hint in hidden_prompts(workspace):
        output.note(f"note: {sentence}")
        output.note(f"  tip: {hint}")


def note_hidden_or_refuse(output: OutputOptions, workspace: Workspace) -> None:
    """The same for a gate: raises InputError if nothing else is left to check."""
    from promptops.workspace.listing import refuse_only_hidden
    from promptops.workspace.workspace import refuse_missing_roots

    refuse_missing_roots(workspace.config, workspace.catalog.files.entries)
    refuse_only_hidden(workspace)
    note_hidden(output, workspace)
