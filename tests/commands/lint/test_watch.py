"""`promptops lint --watch` in a terminal: a report after each change, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.conftest import GitRepository

ASK = "prompts/ask.prompt.yaml"
FILES = {
    ASK: """\
format: promptops/1
description: Answer.
inputs: {required: [question], properties: {question: {type: string, maxLength: 80}}}
messages:
  - {role: user, content: "{{ question }}"}
tests:
  - {name: one, inputs: {question: why}, rendered: [{type: contains, value: why}]}
""",
}
START = "from promptops.cli.main import main; main()"
WAITING = "watching for changes; Ctrl-C ends"


def until_waiting(output: IO[str]) -> list[str]:
    """The lines up to the one that ends a run, times left out."""
    lines: list[str] = []
    for line in output:
        lines.append(re.sub(r"^\[\d\d:\d\d:\d\d\] ", "", line.rstrip("\n")))
        if lines[-1] == WAITING:
            return lines
    return [*lines, "ended"]


@pytest.mark.slow
def test_a_report_follows_each_change_until_ctrl_c(repo: GitRepository) -> None:
    repo.write(FILES)
    repo.commit("start")
    command = [sys.executable, "-c", START, "lint", "--watch"]
    process = subprocess.Popen(
        command,
        cwd=repo.root,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        first = until_waiting(process.stdout)
        repo.write({ASK: FILES[ASK].replace("{{ question", "{{ qestion")})
        broken = until_waiting(process.stdout)
        Path(repo.root / ASK).write_text(FILES[ASK])
        fixed = until_waiting(process.stdout)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert first == ["checking", "no findings in 1 prompt", WAITING]
    assert broken[0] == f"{ASK} changed"
    assert f"{ASK}:5:31: error: `qestion` is not an input  [VAR001 undefined-variable]" in broken
    assert fixed == [f"{ASK} changed", "no findings in 1 prompt", WAITING]
    assert (process.returncode, rest) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--staged",), "--watch excludes --staged"),
        (("--fix",), "--watch excludes --fix"),
        (("--at", "HEAD"), "--watch excludes --at"),
        (("--since", "main"), "--watch excludes --since"),
        (("--format", "json"), "--watch writes for people"),
        (("--quiet",), "--watch writes for people"),
    ],
)
def test_options_that_make_no_sense_with_it_are_refused(small, say, arguments, message):
    done = say("lint", "-C", str(small.root), "--watch", *arguments)

    assert done.code == 2
    assert f"error: {message}" in done.err
