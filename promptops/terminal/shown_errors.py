"""Errors that stop a command, as text and as JSON: place, cause, source line and fix."""

from __future__ import annotations

import re

from promptops.analysis.secrets import masked, without_secrets
from promptops.errors import PromptopsError, SourceLine
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.records.outputs import output
from promptops.report.finding_text import excerpt
from promptops.report.visible import visible, visible_path

_GUTTER = 5


def shown_error(error: PromptopsError) -> str:
    """The lines of an error, without the last newline; secrets are masked."""
    where = f"{visible_path(without_secrets(error.where))}: " if error.where else ""
    lines = [f"{where}error: {visible(without_secrets(error.message))}"]
    hint = visible(without_secrets(error.hint)) if error.hint else ""
    if error.source is not None:
        lines += _source(error.source, hint)
    elif hint:
        lines.append(f"  tip: {hint}")
    return "\n".join(lines)


@record(frozen=True, slots=True, kw_only=True)
class CommandError:
    """One error.

    Attributes:
        message: The cause.
        hint: The fix, or "".
        where: A path from the root of the repository, or what else the error is about, such as an
            option; "" if it is about neither.
        place: In the file `where`, or None.
    """

    message: str
    hint: str = ""
    where: str = ""
    place: Place | None = None


@output("error", version=1)
@record(frozen=True, slots=True, kw_only=True)
class StoppedCommand:
    """The result of a command that an error stopped.

    Attributes:
        exit_code: Of the command.
        errors: The error that stopped the command, then those found with it.
    """

    exit_code: int
    errors: tuple[CommandError, ...]


def error_json(error: PromptopsError) -> str:
    """The error and those found with it as JSON; secrets are masked."""
    from promptops.report.data_text import write_json

    return write_json(stopped_command(error))


def stopped_command(error: PromptopsError) -> StoppedCommand:
    """The error and those found with it; secrets are masked."""
    errors = tuple(map(_command_error, (error, *error.others)))
    return StoppedCommand(exit_code=error.exit_code, errors=errors)


def _command_error(error: PromptopsError) -> CommandError:
    where = without_secrets(error.where or "")
    found = _PLACE.fullmatch(where)
    path, place = where, None
    if found:
        path, line, column = found[1], int(found[2]), int(found[3])
        end = error.source.end_column if error.source is not None else column
        place = Place(path, line, column, line, end)
    message, hint = without_secrets(error.message), without_secrets(error.hint or "")
    return CommandError(message=message, hint=hint, where=path, place=place)


_PLACE = lazy_pattern(r"(.+):(\d+):(\d+)", re.DOTALL)


def _source(source: SourceLine, hint: str) -> list[str]:
    place = Place("", source.line, source.column, source.line, source.end_column)
    shown = excerpt(masked(source.text).text, place)
    number = str(source.line).rjust(_GUTTER)
    return [
        f"{number} | {shown.line}",
        f"{' ' * len(number)} | {shown.carets} {hint}".rstrip(),
    ]
