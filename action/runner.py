"""What a step says to the runner of GitHub Actions: annotations, outputs, the summary."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

_COMMAND = re.compile(r"##(?=\w{0,30}\[)")  # an older form of command, read anywhere in a line


def annotate(kind: Literal["notice", "warning", "error"], text: str) -> None:
    """One line that is shown with the job and with the pull request."""
    print(f"::{kind} title=promptops::{visible(text).replace('%', '%25')}", flush=True)


def log(text: str) -> None:
    """One line of the job's log; `text` must begin with a word of ours, never with a stranger's."""
    print(visible(text), flush=True)


def visible(text: str) -> str:
    """A stranger's text on one line, with nothing in it that a log takes for a command."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return _COMMAND.sub("# #", shown)


def set_output(name: str, value: str) -> None:
    """Give a value to later steps; one with a line end could set a second output."""
    if value.splitlines() not in ([], [value]):
        raise ValueError(f"the output {name!r} has more than one line")
    _append("GITHUB_OUTPUT", f"{name}={value}\n")


def summarise(text: str) -> None:
    """Add to the page of the job, in Markdown."""
    _append("GITHUB_STEP_SUMMARY", text)


def _append(variable: str, text: str) -> None:
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(text)
