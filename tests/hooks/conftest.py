"""Real commits and pushes with the hooks of this project, which call this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAD_LINE = re.compile(r"^(?:remote: )?(\S+:\d+:\d+): error: .*\[([A-Z]+\d+) ", re.MULTILINE)

CONFIG = """\
[models.fast]
provider = "openai"
id = "gpt-5.4-mini-2026-03-17"
"""
PROMPT = """\
format: promptops/1
description: Sort a ticket.
model:
  profile: fast
  params: {max_output_tokens: 200}
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 800, description: What the customer wrote.}
    urgency: {type: integer, minimum: 1, maximum: 5, default: 3, description: Of the ticket.}
messages:
  - role: system
    content: |
      You sort tickets.
      {% include "partials/style.md.j2" %}
  - role: user
    content: |
      <ticket urgency="{{ urgency }}">
      {{ ticket }}
      </ticket>
tests:
  - name: a red light
    inputs: {ticket: The light blinks red., urgency: 4}
    rendered:
      - {type: contains, role: user, value: The light blinks red.}
"""
STYLE = 'Write short sentences.\n{% include "partials/closing.md.j2" %}\n'
CLOSING = "End with a step to take.\n"
TRIAGE = "prompts/support/triage.prompt.yaml"
FILES = {
    "promptops.toml": CONFIG,
    TRIAGE: PROMPT,
    "prompts/partials/style.md.j2": STYLE,
    "prompts/partials/closing.md.j2": CLOSING,
    "README.md": "Prompts.\n",
}


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """A folder first on PATH, whose `promptops` runs this checkout."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "promptops"
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    program.write_text(
        f"#!{sys.executable}\n{start}\nfrom promptops.cli.main import main\nmain()\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def catalog(repo, on_path):
    """A repository with a clean catalog as its first commit, and no hook yet."""
    repo.write(FILES)
    repo.commit("one")
    return repo


@pytest.fixture
def run():
    """Run a command: its exit code, and all that it said."""

    def start(repository, *arguments):
        root = getattr(repository, "root", repository)
        done = subprocess.run(
            arguments, cwd=root, capture_output=True, check=False, encoding="utf-8"
        )
        return done.returncode, done.stdout + done.stderr

    return start


@pytest.fixture
def refused(run):
    """Run a command of git that must fail: place and code of each error it names."""

    def start(repository, *arguments):
        code, said = run(repository, "git", *arguments)
        assert code == 1, said
        return [f"{place} {rule}" for place, rule in HEAD_LINE.findall(said)]

    return start


@pytest.fixture(params=["plain", pytest.param("pre-commit", marks=pytest.mark.slow)])
def hooked(request, catalog, run, tmp_path, monkeypatch):
    """The catalog with the hook in place: git's own, or run by pre-commit.

    pre-commit takes a second for each commit: a few tests alone are for both in the fast tier.
    """
    if request.param == "plain":
        assert run(catalog, "promptops", "init", "--hooks")[0] == 0
    else:
        monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
        assert run(catalog, "promptops", "init")[0] == 0
        program = (sys.executable, "-m", "pre_commit", "install")
        assert run(catalog, *program)[0] == 0
    catalog.git("add", "--all")
    catalog.git("commit", "--quiet", "--no-verify", "--message", "two")
    return catalog
