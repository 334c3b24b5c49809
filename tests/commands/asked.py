"""Repositories whose models are servers of ours, and runs of the command that ask them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.command_line import MAIN, Said
from tests.fork_server import shared

PATIENCE_S = 120.0
"""No run of a test takes longer, but on a machine that does something else."""

FILE = "prompts/ask.recordings.jsonl"
JUDGE = "judge-1"
"""The model that judges."""

PROMPT = """\
format: promptops/1
description: Repeat what is said.
owners: ["@acme/support"]
model: {profile: fast}
inputs:
  required: [word]
  properties:
    word: {type: string, maxLength: 100}
messages:
  - {role: user, content: "Say {{ word }}."}
tests:
  - file: ask.cases.jsonl
"""
JUDGED = """\
evaluation:
  judge: {profile: judge}
  assertions:
    - {type: llm-rubric, value: The word is repeated.}
"""


def profile(
    name: str, model: str, base_url: str, more: str = "", *, provider: str = "openai"
) -> str:
    return (
        f'[models.{name}]\nprovider = "{provider}"\nid = "{model}"\nbase_url = "{base_url}"\n'
        f"price = {{input = 0.0, output = 0.0}}\n{more}\n"
    )


def case(word: str) -> str:
    return (
        f'{{"name": "{word}", "inputs": {{"word": "{word}"}}, '
        f'"output": [{{"type": "contains", "value": "{word}"}}]}}\n'
    )


def files(base_url: str, words: tuple[str, ...], *, judged: bool = False) -> dict[str, str]:
    """A prompt with a case for each word, and a judge of its answers where that is wanted."""
    return {
        "promptops.toml": profile("fast", "fast-1", base_url) + profile("judge", JUDGE, base_url),
        "prompts/ask.prompt.yaml": PROMPT + JUDGED * judged,
        "prompts/ask.cases.jsonl": "".join(map(case, words)),
    }


@contextmanager
def running(
    root: Path, *arguments: str, program: str = MAIN, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which does not outlive the test."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=root,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> Said:
    """What a process did; raises TimeoutExpired where it does not end."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return Said(process.returncode, out, err)


def ask(root: Path, *arguments: str, program: str = MAIN, **environment: str) -> Said:
    """Run the command to its end, in a fork; another program in a process of its own."""
    if program == MAIN:
        done = shared().run(arguments, cwd=root, environment={**os.environ, **environment})
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    with running(root, *arguments, program=program, **environment) as process:
        return ended(process)
