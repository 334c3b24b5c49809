"""A repository with two prompts, a remote beside it, and `promptops release` run on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from promptops.cli.main import run

GOLDEN = Path(__file__).parent / "golden"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MAIN = "from promptops.cli.main import main; main()"
PROMPT = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: system
    content: |
      {% include "partials/style.md.j2" %}
  - role: user
    content: "{{ question }}"
tests:
  - name: one
    inputs: {question: why}
    rendered:
      - {type: contains, value: why}
"""
STYLE = "prompts/partials/style.md.j2"
ASK = "prompts/ask.prompt.yaml"
TRIAGE = "prompts/support/triage.prompt.yaml"
BREAKING = PROMPT.replace("maxLength: 100", "maxLength: 3")
PER_PROMPT = '[release]\ntags = "per-prompt"\n'


@dataclass(frozen=True, slots=True)
class Said:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def catalog(repo):
    """Both prompts include one partial; all is committed."""
    files = {ASK: PROMPT, TRIAGE: PROMPT.replace("{% include", "Sort it.\n      {% include")}
    repo.write({**files, STYLE: "Be brief.\n"})
    repo.commit("one")
    return repo


@pytest.fixture
def remote(catalog, tmp_path):
    """A bare repository that `origin` names and that has `main`."""
    bare = tmp_path / "server.git"
    catalog.git("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(bare))
    catalog.git("remote", "add", "origin", str(bare))
    catalog.git("push", "--quiet", "--set-upstream", "origin", "main")
    return bare


@pytest.fixture
def hook(remote) -> Callable[[str, str], None]:
    """Put a hook of the remote in its place."""

    def putting(name: str, script: str) -> None:
        file = remote / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    return putting


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command line in this process, which no terminal belongs to."""

    def saying(repository: Any, *arguments: str) -> Said:
        capfd.readouterr()
        code = run([*arguments, "-C", str(repository.root)])
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return saying


@pytest.fixture
def release(say) -> Callable[..., Said]:
    """`promptops release --yes --format json`, and what else is said."""

    def releasing(repository: Any, *arguments: str) -> Said:
        return say(repository, "release", "--yes", "--format", "json", *arguments)

    return releasing


@pytest.fixture
def process(fork_server) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line in a process of its own."""

    def running(repository: Any, *arguments: str, **environment: str):
        done = fork_server.run(
            arguments, cwd=repository.root, environment={**os.environ, **environment}
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return running


def tags(repository: Any) -> list[str]:
    return repository.git("tag", "--list").splitlines()


def tags_of(bare: Any) -> list[str]:
    """The tags of a remote."""
    found = subprocess.run(
        ["git", "-C", str(bare), "tag", "--list"], capture_output=True, text=True, check=True
    )
    return found.stdout.splitlines()


def message(repository: Any, tag: str) -> str:
    return repository.git("cat-file", "tag", tag).partition("\n\n")[2]


def problems(said: Said) -> list[str]:
    return [each["message"] for each in said.value["problems"]]


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare with a kept file, but for digests; UPDATE_GOLDEN=1 writes it."""

    def compare(name: str, text: str) -> None:
        text = DIGEST.sub("sha256:…", text)
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
