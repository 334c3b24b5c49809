"""The command that continues or shows a comparison."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from promptops.commands.compare.options import CompareOptions
from promptops.workspace.selection import SelectionOptions

COMPARE = "compare"


def command_line(wanted: SelectionOptions, options: CompareOptions, *flags: str) -> str:
    """The command for the same arms and cases; answers that it has are not requested again."""
    return shlex.join(("promptops", COMPARE, *_words(wanted, options), *flags))


def _words(wanted: SelectionOptions, options: CompareOptions) -> Iterator[str]:
    yield from wanted.patterns
    for name in options.names:
        yield from (f"--{options.kind}", name)
    for name, value in (
        ("reference", options.reference),
        ("require", options.require or None),
        ("margin", None if options.margin is None else f"{options.margin:g}"),
        ("repeats", options.run.repeats),
    ):
        if value is not None:
            yield from (f"--{name}", str(value))
    if wanted.since is not None:
        yield from ("--since", wanted.since) if wanted.since else ("--since",)
    for name, values in (("select", wanted.selectors), ("case", options.run.cases)):
        for value in values:
            yield from (f"--{name}", value)
