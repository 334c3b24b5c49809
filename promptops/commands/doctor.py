"""`promptops doctor`."""

from __future__ import annotations

from typing import Any

import click

from promptops.errors import UsageError
from promptops.records import record
from promptops.records.outputs import output as output_of
from promptops.records.outputs import shown
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions
from promptops.workspace.diagnosis import Diagnosis


@output_of("doctor")
@record(frozen=True, slots=True, kw_only=True)
class Diagnoses:
    """The result of `doctor`.

    Attributes:
        checks: In the order of the text.
    """

    checks: tuple[Diagnosis, ...]

    @shown
    def ok(self) -> bool:
        """Whether there is no problem; notes do not count."""
        return all(check.state != "problem" for check in self.checks)


@click.command(cls=Command)
@click.option(
    "--reset-channel",
    "channel",
    metavar="NAME",
    help="Forget the last serial and release of a channel that this machine loaded.",
)
@click.option(
    "--source",
    metavar="SOURCE",
    help="With --reset-channel: the source that the channel is loaded from.",
)
@common("text", "json")
def command(output: OutputOptions, channel: str | None, source: str | None) -> int:
    """Find what prevents promptops from working here.

    Checks git, Python, the hook, the command on PATH, the cache, the configuration and its keys
    (never their values), and files that look like prompts but have another extension. Exits 1 if
    there is a problem; a note is not one.

    With --reset-channel it checks nothing. Use it if a reader refuses the serial of a channel and
    you know that the source is right. SOURCE is what the program passes to `promptops.load`; by
    default PROMPTOPS_SOURCE, else this repository.

    \b
    Example:
      promptops doctor
      promptops doctor --reset-channel production --source https://prompts.example.com
    """
    from promptops.commands.init.doctor import diagnose
    from promptops.loading import reset_channel
    from promptops.report.data_text import write_json

    if channel is None and source is not None:
        raise UsageError("`--source` needs `--reset-channel`")
    found = Diagnoses(
        checks=diagnose(output.directory)
        if channel is None
        else (reset_channel(output.directory, channel, source),)
    )
    output.write_each(
        lambda name, style: _text(found.checks, style) if name == "text" else write_json(found)
    )
    return int(not found.ok)


_ROLES = {"ok": "hint", "note": "warning", "problem": "error"}


def _text(checks: Any, style: Any) -> str:
    from promptops.report.visible import visible

    width = max(len(visible(check.name)) for check in checks)
    lines = []
    for check in checks:
        state = style(_ROLES[check.state], check.state.ljust(7))
        lines.append(f"{state}  {visible(check.name).ljust(width)}  {visible(check.message)}")
        if check.hint:
            lines.append(f"{' ' * (width + 11)}tip: {visible(check.hint)}")
    return "\n".join([*lines, ""])
