"""`promptops import`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions
from promptops.errors import InputError, UsageError, os_reason

_SYNTAXES = ("jinja", "double", "single", "format", "dollar", "mustache", "none")


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option("--to", metavar="DIR", help="Below a prompt root; the first root by default.")
@click.option("--from", "format_name", metavar="FORMAT", help="Do not guess the format.")
@click.option("--formats", is_flag=True, help="List the formats and how they are recognised.")
@click.option("--id", "identity", metavar="ID", help="The id, for a source with one prompt.")
@click.option("--dry-run", is_flag=True, help="Report only; write nothing.")
@click.option("--strict", is_flag=True, help="Refuse a prompt of which anything is lost.")
@click.option(
    "--select",
    multiple=True,
    metavar="GLOB",
    help="Only these paths; `FILE::NAME` selects inside of files.",
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Not these paths.")
@click.option(
    "--syntax",
    type=click.Choice(_SYNTAXES),
    help="How plain texts mark variables; guessed by default.",
)
@click.option(
    "--role",
    type=click.Choice(("system", "user")),
    default="user",
    help="Of a text whose role is not defined; user by default.",
)
@click.option("--sample", metavar="FILE", help="Example inputs, a JSON object.")
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
@common("text", "json")
def command(output: OutputOptions, sources: tuple[str, ...], **options: Any) -> int:
    """Read prompts of other tools and write them as prompt files.

    A SOURCE is a file, or a folder whose files are recognised one by one. No code of a source is
    run, and no existing file is overwritten. What can't be carried is reported at its place in the
    source.

    \b
    Example:
      promptops import old-prompts/ --dry-run
      promptops import old-prompts/ --to prompts/legacy
      promptops import system.txt --id support/triage --role system
    """
    from promptops.jobs.importing.importing import import_prompts
    from promptops.jobs.workspace.workspace import workspace

    if options["formats"]:
        output.write(_formats())
        return 0
    if not sources:
        raise UsageError("no source is given", hint="name a file or a folder")
    paths = [str(Path(output.directory, source)) for source in sources]
    with workspace(output.directory, overrides=output.overrides) as opened:
        result = import_prompts(opened, paths, _import_options(output, options))
    output.write_report("import_", result)
    if not result.prompts and not result.findings:
        raise InputError("no prompt was found", hint="list the formats: promptops import --formats")
    return int(bool(result.refused) or any(not finding.prompt for finding in result.findings))


def _import_options(output: OutputOptions, options: dict[str, Any]) -> Any:
    from promptops.formats.registry import ReadOptions
    from promptops.jobs.importing.importing import ImportOptions

    sample = _sample(Path(output.directory, options["sample"])) if options["sample"] else {}
    reading = ReadOptions(syntax=options["syntax"], role=options["role"], sample=sample)
    names = ("to", "identity", "strict", "dry_run", "optional", "tidy", "bodies")
    chosen = {name: options[name] for name in (*names, "select", "exclude")}
    return ImportOptions(format=options["format_name"], reading=reading, **chosen)


def _sample(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(os_reason(error), where=str(path)) from None
    except ValueError as error:
        raise InputError(f"the sample is not JSON: {error}", where=str(path)) from None
    if not isinstance(value, dict):
        raise InputError("the sample is not a JSON object", where=str(path))
    return value


def _formats() -> str:
    from promptops.formats.registry import known_readers

    readers = known_readers()
    width = max(len(reader.NAME) for reader in readers)
    return "".join(f"{reader.NAME.ljust(width)}  {reader.MARKS}\n" for reader in readers)
