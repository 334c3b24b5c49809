"""`promptops textconv`: the text that `git diff` compares in place of a prompt file."""

from __future__ import annotations

from pathlib import Path

import click

from promptops.errors import InputError, os_reason
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@common("text")
def command(output: OutputOptions, file: Path) -> int:
    """Print a prompt file as readable text, for `git diff` and `git log -p`.

    Git runs it after `promptops init --git-diff`. The text shows the content without YAML syntax,
    one fact per line; a file that can't be parsed is printed unchanged.

    \b
    Example:
      promptops textconv prompts/support/triage.prompt.yaml
      git diff --word-diff
    """
    text = readable_text(output.directory / file)
    output.write_each(lambda _name, _style: text)
    return 0


def readable_text(file: Path) -> str:
    """A prompt file as readable text, safe for a terminal; any other content unchanged.

    A file with any YAML problem is also unchanged, because a part of it, such as a duplicate key,
    would be missing. A file too large for a prompt is cut, with a digest, so that changes show.

    Raises InputError if the file can't be read, and nothing else whatever its content.
    """
    from promptops.report.prompt_text import prompt_text
    from promptops.source.document import MAX_BYTES, read

    try:
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=str(file)) from None
    if len(data) > MAX_BYTES:
        return _beginning(data)
    document = read(file.name, data)
    if document.value is None or document.problems:
        return _as_it_stands(data)
    return prompt_text(document.value, [comment.text for comment in document.comments])


def _as_it_stands(data: bytes) -> str:
    from promptops.report.prompt_text import safe_text

    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return safe_text(text) if text else ""


def _beginning(data: bytes) -> str:
    from hashlib import sha256

    from promptops.source.document import MAX_BYTES

    left = f"… ({len(data) - MAX_BYTES} more bytes; SHA-256 of all: {sha256(data).hexdigest()})\n"
    return _as_it_stands(data[:MAX_BYTES]) + left
