"""`promptops ui`."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from promptops.terminal.options import PLAIN, Command, Option, at_option, call_option, common
from promptops.terminal.output import OutputOptions

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""Without any of them, what would open is a browser in this terminal."""


@click.command(cls=Command)
@click.option("--write", is_flag=True, help="Allow saving: to the files, or to a new branch.")
@call_option("--live", is_flag=True, help="Allow calling models, which costs money.")
@click.option(
    "--port",
    cls=Option,
    heading=PLAIN,
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Listen on this port; any free one by default.",
)
@click.option("--no-open", is_flag=True, help="Print the address, and open no browser.")
@at_option
@common("text")
def command(output: OutputOptions, port: int, no_open: bool, **allowed: Any) -> int:
    """Find, change and try prompts in the browser, without git or an editor.

    It serves this machine only, until Ctrl-C. Only a browser that opens the printed address may use
    it. Edits are tried at once and written nowhere; --write allows saving them.

    \b
    Example:
      promptops ui
      promptops ui --write --live
      promptops ui --at v1.4.0 --no-open
    """
    from importlib.util import find_spec

    from promptops.errors import UsageError
    from promptops.model.distribution import install_command
    from promptops.untrusted import IS_SET, is_untrusted

    for package in ("starlette", "uvicorn"):
        if find_spec(package) is None:
            raise UsageError(
                f"the workbench needs the package `{package}`", hint=install_command("ui")
            )
    write, live, revision = (allowed[name] for name in ("write", "live", "revision"))
    if write and revision != "worktree":
        raise UsageError("--write and --at exclude each other", hint="leave one out")
    if is_untrusted() and (write or live):
        output.note(f"nothing is saved and no model is called: {IS_SET}")
    from promptops.commands.ui.server import Server
    from promptops.commands.ui.workbench import WorkbenchOptions

    options = WorkbenchOptions(
        directory=output.directory,
        overrides=output.overrides,
        revision=revision,
        write=write,
        live=live,
    )
    server = Server(options, port)
    output.write_bytes(f"{server.address}\n".encode())
    output.note("keep this address to yourself; Ctrl-C ends the server")
    if not no_open:
        _open(server.address)
    server.run()
    return 0


def _open(address: str) -> None:
    if sys.platform == "darwin" or any(os.environ.get(name) for name in _SCREENS):
        import webbrowser

        webbrowser.open(address)
