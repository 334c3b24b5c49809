"""`promptops lsp`."""

from __future__ import annotations

import sys

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.option("--stdio", is_flag=True, help="The default: standard input and output.")
@common("text")
def command(output: OutputOptions, stdio: bool) -> int:
    """Serve an editor: findings while you type, completion, hover, rename, preview.

    The editor starts it and speaks the Language Server Protocol with it. It never writes a file,
    calls no model, and uses no network.

    \b
    Example:
      promptops lsp
    """
    from importlib.util import find_spec

    from promptops.errors import UsageError
    from promptops.model.distribution import install_command

    if find_spec("pygls") is None:
        raise UsageError(
            "the language server needs the package `pygls`", hint=install_command("lsp")
        )
    if sys.stdin.isatty():
        output.note("waiting for an editor on standard input; Ctrl-C ends it")
    from promptops.commands.lsp.server import serve

    return serve()
