"""Output for the GitHub Actions runner: annotations, outputs, the job summary."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

_COMMAND = re.compile(r"##(?=\w{0,30}\[)")  # an older command syntax, recognised anywhere in a line


def annotate(kind: Literal["notice", "warning", "error"], text: str) -> None:
    """Print one annotation, shown with the job and the pull request."""
    print(f"::{kind} title=promptops::{visible(text).replace('%', '%25')}", flush=True)


def log(text: str) -> None:
    """Print one line of the job's log; `text` must not begin with an untrusted value."""
    print(visible(text), flush=True)


def visible(text: str) -> str:
    """Untrusted text on one line, without anything that the runner takes for a command."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return _COMMAND.sub("# #", shown)


def set_output(name: str, value: str) -> None:
    """Pass a value to later steps; a line break in it could set a second output."""
    if value.splitlines() not in ([], [value]):
        raise ValueError(f"the output {name!r} has more than one line")
    _append("GITHUB_OUTPUT", f"{name}={value}\n")


def summarise(text: str) -> None:
    """Append Markdown to the job summary."""
    _append("GITHUB_STEP_SUMMARY", text)


def _append(variable: str, text: str) -> None:
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(text)
