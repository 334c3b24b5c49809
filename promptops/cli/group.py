"""The group of commands; each command is imported when it is used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from importlib import import_module

import click

from promptops import commands
from promptops.errors import os_reason
from promptops.patterns import lazy_pattern
from promptops.plugins import module_names
from promptops.suggestions import did_you_mean
from promptops.terminal.options import FORMAT_HELP, SHARED, options_by_heading

SECTIONS = {
    "everyday": (
        *("init", "import", "new", "lint", "render", "run", "diff", "test", "check", "release"),
    ),
    "start": ("cases", "mv", "doctor"),
    "look": ("list", "ui"),
    "check": ("rule", "recordings"),
    "measure": ("compare", "optimize", "mutate", "probe", "drift", "score"),
    "ship": ("build", "verify", "promote", "rollback", "stubs", "export"),
    "history": ("log", "blame", "bisect"),
}
"""The headings of `promptops --help`; a command that no list names is below "more"."""
ALSO = ("completion", "lsp", "replay", "receive", "textconv")
"""Commands that another program starts, or that are used once: one line at the end."""


_LONGEST_SUMMARY = 200
_DOCSTRING = lazy_pattern(r'\ndef command\([^"]*?\) -> [^:]*:\n    r?"""([^\n"]+)')
"""The first line of the help in the source of a command: a sentence."""

_OF_OTHER_TOOLS = {
    "test": ("eval", "evaluate", "evals"),
    "lint": ("validate", "verify-prompts"),
    "lint --fix": ("fmt", "format", "fix"),
    "probe": ("redteam", "red-team", "attack"),
    "mv": ("rename", "move"),
    "list": ("ls", "status"),
    "render --resolved ID": ("show", "cat", "get"),
    "log --releases": ("changelog", "releases"),
    "check --format html=FILE": ("report",),
    "recordings audit": ("audit",),
    "recordings prune": ("prune",),
    "recordings batch": ("batch",),
    "probe --families": ("families",),
    "rule": ("explain",),
    "release": ("tag", "publish", "bump", "deploy"),
    "import": ("convert", "migrate", "pull"),
    "check": ("gate", "ci"),
    "new": ("create", "add"),
}


def _meant(name: str) -> str | None:
    """The hint for the name that a command has in other tools."""
    found = (own for own, others in _OF_OTHER_TOOLS.items() if name in others)
    return next((f"write `promptops {own}`" for own in found), None)


class _Commands(click.Group):
    """The modules of `commands/` as a group; a new file is a new command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `promptops --help`."""
        return [name for names in (*_sections().values(), ALSO) for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name in (cmd_name, f"{cmd_name}_"):  # `list_.py`: `list` is a builtin of Python
            if name in _modules():
                module = import_module(f"{commands.__name__}.{_modules()[name]}")
                command: click.Command = module.command
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            name = args[0] if args else ""
            hint = _meant(name) or did_you_mean(name, self.list_commands(ctx))
            if hint is None:
                raise
            raise click.UsageError(f"No such command {args[0]!r}; {hint}", ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)
        lint = self.get_command(ctx, "lint")
        shared = options_by_heading(lint)[SHARED] if lint else []
        rows = [each.get_help_record(ctx) for each in shared if each.name != "directory"]
        with formatter.section("Options of every command"):
            formatter.write_dl([("--format FORMAT[=FILE]", FORMAT_HELP), *filter(None, rows)])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, names in _sections().items():
            rows = [(name, self.summary(ctx, name)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(rows)
        formatter.write_paragraph()
        formatter.write_text(f"also: {', '.join(ALSO)}")

    def summary(self, ctx: click.Context, name: str) -> str:
        """The first line of a command's help, from its source: importing all takes longer."""
        module = _modules().get(name) or _modules()[f"{name}_"]
        file = f"{commands.__path__[0]}/{module.replace('.', '/')}.py"
        try:
            with open(file, encoding="utf-8") as source:
                written = _DOCSTRING.search(source.read())
        except OSError:  # there are compiled files only
            written = None
        if written is not None:
            return written[1]
        command = self.get_command(ctx, name)
        return command.get_short_help_str(_LONGEST_SUMMARY) if command is not None else ""


def _sections() -> dict[str, list[str]]:
    """The commands that exist, below the headings of `promptops --help`."""
    left = sorted({name.rstrip("_") for name in _modules()} - set(ALSO))
    found = {
        heading: [name for name in names if name in left] for heading, names in SECTIONS.items()
    }
    named = {name for names in found.values() for name in names}
    found["more"] = [name for name in left if name not in named]
    return {heading: names for heading, names in found.items() if names}


def all_commands(of: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command with its name in the order of `--help`; those of a group follow it."""
    context = click.Context(of)
    for each in of.list_commands(context):
        command = of.get_command(context, each)
        if command is not None:
            yield f"{name}{each}", command
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{name}{each} ")


@cache
def _modules() -> dict[str, str]:
    """The module of each command: `NAME.py`, or `command.py` in its folder."""
    folder = commands.__path__[0]
    names = (name for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}/command.py"))
    files = {name: name for name in module_names(commands)}
    return files | {name: f"{name}.command" for name in names}


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    """Replaces click's option, which fails in a checkout that is not installed."""
    if wanted and not ctx.resilient_parsing:
        from promptops.model.distribution import version

        click.echo(f"promptops {version()}")
        ctx.exit()


_DIRECTORY = click.Path(exists=True, file_okay=False)


def _change_directory(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> None:
    """Each directory is relative to the one before, as for git."""
    for name in names:
        directory = _DIRECTORY.convert(name, param, ctx)
        try:
            if ctx.resilient_parsing:  # completion goes on after the context is closed
                os.chdir(directory)
            else:
                ctx.with_resource(chdir(directory))
        except OSError as error:
            message = f"Directory {name!r} can't be entered: {os_reason(error)}."
            raise click.BadParameter(message, ctx, param) from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option(
    "-C",
    multiple=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    expose_value=False,
    callback=_change_directory,
    help="Run as if started in DIR; the same as -C after the command.",
)
def group() -> None:
    """Lint, test, review and release LLM prompts in git."""
