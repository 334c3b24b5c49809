"""Where a command writes: stdout, stderr and files. Imports click only to print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from promptops.errors import InputError, PromptopsError, UsageError, os_reason
from promptops.model.report import Style, plain
from promptops.records import field, record


@record(frozen=True, slots=True)
class OutputOptions:
    """Where and how a command writes.

    Attributes:
        directory: The current directory, or that of `-C`.
        formats: Pairs of a format's name and a file, "-" for stdout.
        overrides: The values of `--config`.
        written: The files that were written, "-" for stdout.
        default: The format of the command if none is requested, "text" for most.
        withheld: Give the errors in results that stdout did not get, for `show_withheld`.
    """

    directory: Path
    formats: tuple[tuple[str, str], ...]
    quiet: bool
    color: bool
    overrides: tuple[str, ...] = ()
    written: set[str] = field(default_factory=set)
    default: str = "text"
    withheld: list[Callable[[], str]] = field(default_factory=list)

    @property
    def format(self) -> str:
        """The format that goes to stdout, or ""."""
        return next((name for name, file in self.formats if file == "-"), "")

    def write_each(self, text_of: Callable[[str, Style], str]) -> None:
        """Write a result in each requested format, coloured on stdout only.

        If all formats go to files, a line on stderr has the verdict of the result and the files.
        `text_of` is called with the name of a format and the style of its text.
        """
        for name, file in self.formats:
            self.write(text_of(name, self.style if file == "-" else plain), file)
        is_shown = "-" in self.written and not (self.quiet and self.format in _FOR_PEOPLE)
        if self.formats and not is_shown and self.default in _FOR_PEOPLE:
            self.withheld.append(partial(_error_lines, text_of, self.default))
        if self.formats and "-" not in self.written and not self.quiet:
            self._note_files(text_of)

    def _note_files(self, text_of: Callable[[str, Style], str]) -> None:
        from promptops.report.visible import visible_path

        files = ", ".join(visible_path(file) for _, file in self.formats)
        verdict = _verdict(text_of, self.default) if self.default in _FOR_PEOPLE else ""
        self.note(f"{files}: {verdict}" if verdict else f"wrote {files}")

    def show_withheld(self) -> None:
        """Print to stderr the errors in results that stdout did not get."""
        with suppress(OSError):
            sys.stderr.write("".join(text() for text in self.withheld))
        self.withheld.clear()

    def write_report(self, command: str, result: object, **facts: object) -> None:
        """Write a result as `report.py` and `page.py` in the folder of a command show it.

        `facts` are the arguments that some formats need besides. The JSON of an output follows
        from its record.
        """

        def text_of(name: str, style: Style) -> str:
            of_record = name == "json" and hasattr(type(result), "__output__")
            write = _record_writer() if of_record else writer(command, name)
            return write(result, style=style, **facts)

        self.write_each(text_of)

    def refuse_formats(self, option: str, *known: str) -> None:
        """Raise UsageError for a format that the command has, but not with this option."""
        for name, _ in self.formats:
            if name not in known:
                hint = f"one of: {', '.join(known)}"
                raise UsageError(f"{option} has no format {name!r}", hint=hint)

    def write(self, text: str, file: str = "-") -> None:
        """Write to stdout or to a file, in UTF-8 in every locale."""
        self.written.add(file)
        if file != "-":
            try:
                Path(self.directory, file).write_text(text, encoding="utf-8")
            except OSError as error:
                raise InputError(f"can't be written: {os_reason(error)}", where=file) from None
        elif text and not (self.quiet and self.format in _FOR_PEOPLE):
            self.write_bytes(text.encode("utf-8", "backslashreplace"))

    def write_bytes(self, data: bytes) -> None:
        """Write to stdout; raises InputError if it is a file on a full disk."""
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has closed it
            raise
        except OSError as error:
            raise unwritable_stdout(error) from None

    def write_error(self, error: PromptopsError) -> None:
        """Write the error as JSON wherever the result would have been JSON."""
        from promptops.terminal.shown_errors import error_json

        for name, file in self.formats:
            if name == "json" and file not in self.written:
                with suppress(InputError):  # the error itself is the one to report
                    self.write(error_json(error), file)

    def note(self, text: str) -> None:
        """Print to stderr, unless `--quiet` is given."""
        if not self.quiet:
            import click

            click.echo(text, err=True)

    def cause(self, text: str) -> None:
        """Print to stderr why there is no result; with `--quiet` only if there is no verdict."""
        if self.quiet:
            self.withheld.append(lambda: f"{text}\n")
        else:
            self.note(text)

    @property
    def for_people(self) -> bool:
        """Whether stdout gets a format for people, and `--quiet` is not given."""
        shown = [name for name, file in self.formats if file == "-"]
        return not self.quiet and all(name in _FOR_PEOPLE for name in shown)

    @property
    def style(self) -> Style:
        return _styled if self.color else plain


def _record_writer() -> Callable[..., str]:
    from promptops.report.data_text import write_json

    return write_json


def _verdict(text_of: Callable[[str, Style], str], name: str) -> str:
    """The line that a text for people marks as its summary, or the last of several.

    "" without a summary, or if the text continues after the last of several.
    """
    found: list[str] = []

    def collect(role: str, text: str) -> str:
        if role == "summary":
            found.append(text)
        return text

    text = text_of(name, collect)
    if not text:
        return "nothing to report"
    is_one = len(found) == 1 or (found and text.rstrip().endswith(found[-1]))
    return found[-1] if is_one else ""


def _error_lines(text_of: Callable[[str, Style], str], name: str) -> str:
    """The lines of a text for people that are marked as errors, each with the indented lines below.

    Also why a run ended early. All lines if none is marked.
    """
    text = text_of(
        name, lambda role, text: f"{_ERROR}{text}" if role == "error" or text == _ENDED else text
    )
    if _ERROR not in text:
        return text
    kept, below = [], False
    for line in text.splitlines(keepends=True):
        below = _ERROR in line or (below and line.startswith(" "))
        kept += [line.replace(_ERROR, "")] if below else []
    return "".join(kept)


def writer(command: str, name: str) -> Callable[..., str]:
    """The function `write_NAME` that writes the result of a command in a format.

    It is in the folder of the command, in `page.py` for `html` and in `report.py` for all others;
    a command without a folder has it beside its options.
    """
    module = "page" if name == "html" else "report"
    home = _SHARED.get(command, f"promptops.commands.{command}").format(module=module)
    found = import_module(home)
    if command not in _SHARED and hasattr(found, "__path__"):
        found = import_module(f"{home}.{module}")
    writer: Callable[..., str] = getattr(found, f"write_{name}")
    return writer


_SHARED = {"batch": "promptops.report.batch", "test": "promptops.report.test.{module}"}
"""The modules of results that several commands write."""


def unwritable_stdout(error: OSError) -> InputError:
    """The error for output that can't be written, for example because a disk is full."""
    return InputError(f"can't be written: {os_reason(error)}", where="standard output")


_ERROR = "\0"
"""Marks errors in a text; shown text has no control characters."""

_ENDED = "ended early"

_FOR_PEOPLE = ("full", "text", "concise")
"""The formats that `--quiet` suppresses."""

_STYLES: dict[str, dict[str, Any]] = {
    "path": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "info": {"fg": "blue", "bold": True},
    "code": {"dim": True},
    "gutter": {"dim": True},
    "caret": {"fg": "red"},
    "hint": {"fg": "green"},
    "note": {"fg": "cyan"},
    "summary": {"bold": True},
    "removed": {"fg": "red", "strikethrough": True},
    "added": {"fg": "green", "underline": True},
}


def _styled(role: str, text: str) -> str:
    import click

    return click.style(text, **_STYLES.get(role, {}))


def wants_color() -> bool:
    """Whether stdout is a terminal, and its user wants colours."""
    refused = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not refused
