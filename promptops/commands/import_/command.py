"""`promptops import`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BAD_INPUT, GitError, InputError, UsageError
from promptops.records import replace
from promptops.terminal.options import (
    Command,
    command_again,
    common,
    decide_option,
    format_list,
    output_option,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.imported import Import, LeftOut
    from promptops.workspace.workspace import Workspace

_SYNTAXES = ("jinja", "double", "single", "format", "dollar", "mustache", "none")


@click.command(cls=Command)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@output_option("--to", metavar="DIR", help="Below a prompt root; the first root by default.")
@select_option("--from", "format_name", metavar="FORMAT", help="Do not guess the format.")
@output_option("--formats", is_flag=True, help="List the formats and how they are recognised.")
@output_option("--list", "listed", is_flag=True, help="List what would be read; write nothing.")
@select_option("--id", "identity", metavar="ID", help="The id, for a source with one prompt.")
@output_option("--dry-run", is_flag=True, help="Report only; write nothing.")
@decide_option("--strict", is_flag=True, help="Refuse a prompt of which anything is lost.")
@select_option(
    "--include",
    multiple=True,
    metavar="GLOB",
    help="Only these paths below SOURCE; `FILE::NAME` selects prompts inside of files.",
)
@select_option("--exclude", multiple=True, metavar="GLOB", help="Not these, written as --include.")
@click.option(
    "--syntax",
    type=click.Choice(_SYNTAXES),
    help="How plain texts write variables: jinja; double: {{x}}; single: {x}; format: {x} with"
    " {{ for a brace; dollar: ${x}; mustache; none. Guessed by default.",
)
@click.option(
    "--role",
    type=click.Choice(("system", "user")),
    default="user",
    help="The role of texts whose source does not define it; user by default.",
)
@select_option(
    "--inputs",
    "example",
    metavar="FILE",
    help="JSON with example inputs: their types, and which are lists.",
)
@click.option("--optional", is_flag=True, help='Inputs that are only printed default to "".')
@click.option("--tidy", is_flag=True, help="Drop blank lines that tags leave.")
@click.option(
    "--bodies",
    is_flag=False,
    flag_value=12,
    type=click.IntRange(1),
    metavar="[LINES]",
    help="Move longer messages to files; 12 lines by default.",
)
@click.option("--profiles", is_flag=True, help="Name model profiles, and print their tables.")
@common("text", "json", "markdown", acts=True)
def command(output: OutputOptions, sources: tuple[str, ...], **options: Any) -> int:
    """Read prompts of other tools and write them as prompt files.

    A SOURCE is a file, or a folder whose files are recognised one by one. No code of a source is
    run, and no existing file is overwritten. What can't be carried is reported at its place in the
    source; `promptops rule CODE` explains it.

    \b
    Example:
      promptops import old-prompts/ --dry-run
      promptops import old-prompts/ --to prompts/legacy
      promptops import system.txt --id support/triage --role system
      promptops import src/prompts.py --list
      promptops import src/prompts.py --include 'prompts.py::*_PROMPT'
    """
    if options["formats"]:
        output.refuse_formats("--formats", "text")
        from promptops.formats.source_file import known_readers

        output.write(format_list({reader.NAME: reader.MARKS for reader in known_readers()}))
        return 0
    if not sources:
        raise UsageError("no source is given", hint="name a file or a folder")
    paths = [str(Path(output.directory, source)) for source in sources]
    arguments = _import_options(output, options)
    return _list(output, paths, arguments) if options["listed"] else _run(output, paths, arguments)


def _list(output: OutputOptions, paths: list[str], options: Any) -> int:
    from promptops.commands.import_.importing import candidates

    with _workspace_if_any(output) as opened:
        found = candidates(opened, paths, options)
    if not found.candidates and not found.findings and not found.strings_left_out:
        raise _nothing(found.left_out)
    output.write_report("import_", found)
    return int(found.failed) if found.candidates else BAD_INPUT


@contextmanager
def _workspace_if_any(output: OutputOptions) -> Iterator[Workspace | None]:
    """The repository around the directory; None outside of one."""
    from promptops.workspace.workspace import workspace

    with ExitStack() as stack:
        opened: Workspace | None = None
        with suppress(GitError):
            opened = stack.enter_context(workspace(output.directory, overrides=output.overrides))
        yield opened


def _run(output: OutputOptions, paths: list[str], options: Any) -> int:
    from promptops.commands.import_.importing import import_prompts
    from promptops.workspace.workspace import workspace

    with workspace(output.directory, overrides=output.overrides) as opened:
        result = import_prompts(opened, paths, options)
    if not result.prompts and not result.findings and not result.strings_left_out:
        raise _nothing(result.left_out)
    output.write_report("import_", replace(result, next=_next_command(result)))
    return BAD_INPUT if result.nothing_readable else int(result.failed)


def _next_command(result: Import) -> str:
    from promptops.commands.import_.report import next_command

    would_write = any(prompt.state == "would-write" for prompt in result.prompts)
    return command_again(dry_run=False) if would_write else next_command(result)


def _nothing(left_out: Sequence[LeftOut]) -> InputError:
    """The error for sources without a prompt, with what was seen instead."""
    from promptops.commands.import_.report import left_out_phrase

    if not left_out:
        return InputError("no prompt was found: the folder is empty")
    return InputError("no prompt was found", hint=left_out_phrase(left_out))


def _import_options(output: OutputOptions, options: dict[str, Any]) -> Any:
    from promptops.commands.import_.planning import ImportOptions
    from promptops.formats.source_file import ReadOptions
    from promptops.lint.ids import refuse_unfit
    from promptops.workspace.given_inputs import read_input_object

    if options["identity"] is not None:
        refuse_unfit(options["identity"])
    sample = read_input_object(options["example"], output.directory) if options["example"] else {}
    reading = ReadOptions(syntax=options["syntax"], role=options["role"], sample=sample)
    to = str(Path(output.directory, options["to"])) if options["to"] is not None else None
    names = ("identity", "strict", "dry_run", "optional", "tidy", "bodies", "profiles")
    chosen = {name: options[name] for name in (*names, "include", "exclude")}
    return ImportOptions(to=to, format=options["format_name"], reading=reading, **chosen)
